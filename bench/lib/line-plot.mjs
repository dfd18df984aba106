/**
 * Draws line plots as SVG text: panels side by side, each with axes, grid, labels, and one legend for all.
 *
 * A package would bring a canvas or a DOM for what is some arithmetic here. The x axis has categories (1, 2, 4, 8
 * threads stand at equal distances); the y axis starts at zero, because a cut axis makes small differences look
 * large.
 */

const PANEL = { width: 380, height: 300, left: 70, right: 20, top: 46, bottom: 52 };
const LEGEND_ROW = 20;
const MARGIN = 16;
const TITLE_HEIGHT = 34;
const GRID_LINES_MAX = 6;
const COLOURS = ['#0b62a4', '#c8502a', '#2a8f4f', '#7a4fa3', '#8a6d00', '#b0306a'];

/**
 * @typedef {object} Series
 * @property {string} name the legend's text; the same name has the same colour in every panel
 * @property {boolean} [dashed] for a baseline
 * @property {string} [colourOf] the name of the series whose colour this one shares
 * @property {number[]} values one for each category
 *
 * @typedef {{ title: string, series: Series[] }} Panel
 *
 * @typedef {object} Plot
 * @property {string} title
 * @property {string} xLabel
 * @property {string} yLabel
 * @property {(string | number)[]} categories
 * @property {Panel[]} panels
 */

const escapeText = (/** @type {unknown} */ text) =>
  String(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function textAt(
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {unknown} */ text,
  /** @type {string} */ attributes = '',
) {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeText(text)}</text>`;
}

/** @returns {number} a round distance between grid lines: 1, 2 or 5 times a power of ten */
function gridStep(/** @type {number} */ max) {
  const rough = max / GRID_LINES_MAX;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

/** @returns {string} such as 250k or 1.5M */
function formatAxis(/** @type {number} */ value) {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(2))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toFixed(1))}k`;
  return String(Number(value.toFixed(2)));
}

/** @returns {Map<string, string>} each series name's colour */
function assignColours(/** @type {Panel[]} */ panels) {
  const colours = new Map();
  const all = panels.flatMap(({ series }) => series);
  for (const { name } of all.filter(({ colourOf }) => colourOf === undefined)) {
    if (!colours.has(name)) colours.set(name, COLOURS[colours.size % COLOURS.length]);
  }
  for (const { name, colourOf } of all) if (colourOf !== undefined) colours.set(name, colours.get(colourOf));
  return colours;
}

/** The panel's frame: where a category and a value lie inside it. */
function makeScale(/** @type {number} */ categoryCount, /** @type {number} */ max) {
  const innerWidth = PANEL.width - PANEL.left - PANEL.right;
  const innerHeight = PANEL.height - PANEL.top - PANEL.bottom;
  const step = gridStep(max);
  const top = Math.ceil(max / step) * step;
  return {
    step,
    top,
    x: (/** @type {number} */ index) => PANEL.left + (innerWidth * (index + 0.5)) / categoryCount,
    y: (/** @type {number} */ value) => PANEL.top + innerHeight * (1 - value / top),
    right: PANEL.left + innerWidth,
  };
}

/** Grid lines with their values, categories, and both axes' names. */
function drawAxes(/** @type {Plot} */ plot, /** @type {ReturnType<typeof makeScale>} */ scale) {
  const parts = [];
  for (let value = 0; value <= scale.top + scale.step / 2; value += scale.step) {
    const y = scale.y(value).toFixed(1);
    parts.push(`<line x1="${PANEL.left}" y1="${y}" x2="${scale.right}" y2="${y}" class="grid"/>`);
    parts.push(textAt(PANEL.left - 8, scale.y(value) + 4, formatAxis(value), 'text-anchor="end"'));
  }
  plot.categories.forEach((category, index) => {
    parts.push(textAt(scale.x(index), scale.y(0) + 18, category, 'text-anchor="middle"'));
  });
  const middle = (PANEL.left + scale.right) / 2;
  parts.push(textAt(middle, PANEL.height - 12, plot.xLabel, 'text-anchor="middle"'));
  const turned = `text-anchor="middle" transform="rotate(-90 14 ${scale.y(scale.top / 2).toFixed(1)})"`;
  parts.push(textAt(14, scale.y(scale.top / 2), plot.yLabel, turned));
  return parts.join('\n');
}

/** One line with a dot at each measured point; a missing value (NaN) is a gap. */
function drawSeries(
  /** @type {Series} */ series,
  /** @type {ReturnType<typeof makeScale>} */ scale,
  /** @type {string} */ colour,
) {
  const points = series.values
    .map((value, index) => ({ x: scale.x(index), y: scale.y(value) }))
    .filter(({ y }) => Number.isFinite(y));
  const dash = series.dashed ? ' stroke-dasharray="5 4"' : '';
  const path = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const line = `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`;
  const dots = points.map(
    ({ x, y }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" fill="${colour}"/>`,
  );
  return [line, ...(series.dashed ? [] : dots)].join('\n');
}

function drawPanel(
  /** @type {Plot} */ plot,
  /** @type {Panel} */ panel,
  /** @type {Map<string, string>} */ colours,
) {
  const max = Math.max(1e-9, ...panel.series.flatMap(({ values }) => values).filter(Number.isFinite));
  const scale = makeScale(plot.categories.length, max);
  return [
    textAt((PANEL.left + scale.right) / 2, PANEL.top - 16, panel.title, 'text-anchor="middle" class="panel"'),
    drawAxes(plot, scale),
    ...panel.series.map((series) => drawSeries(series, scale, colours.get(series.name) ?? '#000')),
  ].join('\n');
}

/** @returns {{ svg: string, rows: number }} a row for each series name */
function drawLegend(/** @type {Panel[]} */ panels, /** @type {Map<string, string>} */ colours) {
  const unique = new Map(panels.flatMap(({ series }) => series).map((series) => [series.name, series]));
  const rows = [...unique.values()].map(({ name, dashed }, row) => {
    const y = row * LEGEND_ROW + 10;
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    const stroke = `stroke="${colours.get(name)}" stroke-width="2"${dash}`;
    return `<line x1="0" y1="${y}" x2="34" y2="${y}" ${stroke}/>${textAt(44, y + 4, name)}`;
  });
  return { svg: rows.join('\n'), rows: rows.length };
}

/** @param {Plot} plot @returns {string} an SVG document */
export function drawLinePlot(plot) {
  const colours = assignColours(plot.panels);
  const legend = drawLegend(plot.panels, colours);
  const width = Math.max(1, plot.panels.length) * PANEL.width + 2 * MARGIN;
  const legendTop = TITLE_HEIGHT + PANEL.height + MARGIN;
  const height = legendTop + legend.rows * LEGEND_ROW + MARGIN;
  const panels = plot.panels.map((panel, index) => {
    const shift = `translate(${MARGIN + index * PANEL.width} ${TITLE_HEIGHT})`;
    return `<g transform="${shift}">\n${drawPanel(plot, panel, colours)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    '<style>text{font:12px sans-serif;fill:#222}.panel{font-weight:bold}.title{font-size:16px}.grid{stroke:#ddd}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    textAt(width / 2, 24, plot.title, 'text-anchor="middle" class="title"'),
    ...panels,
    `<g transform="translate(${MARGIN + PANEL.left} ${legendTop})">\n${legend.svg}\n</g>`,
    '</svg>\n',
  ].join('\n');
}
