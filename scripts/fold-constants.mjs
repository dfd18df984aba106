// Turns the top-level `var` of a bundle back into `const` where the name is assigned once.
//
// esbuild writes `const` as `var` at the top of a bundle, so that a module can be used before it has run. V8 folds
// a `const` into optimised code and must load a `var` each time: about 10 % of the executor's time per command
// (bench/micro/data-path.ts: GET 176 -> 159 ns, SET 154 -> 141). A bundle that did use a name too early would fail at
// its start, in every test.
import { parse } from 'acorn';
import { simple } from 'acorn-walk';

/** @param {string} code a bundle, which may be the body of one function @returns {string} the same program */
export function foldConstants(code) {
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const assigned = assignedNames(program);
  const edits = [];
  for (const node of statementsOf(program)) {
    if (node.type !== 'VariableDeclaration' || node.kind !== 'var') continue;
    const fixed = node.declarations.every(
      ({ id, init }) => id.type === 'Identifier' && init && !assigned.has(id.name),
    );
    if (fixed) edits.push(node.start);
  }
  let result = '';
  let from = 0;
  for (const at of edits) {
    result += `${code.slice(from, at)}const`;
    from = at + 'var'.length;
  }
  return result + code.slice(from);
}

/** What stands at the top of a bundle. */
function statementsOf({ body }) {
  const [first] = body;
  const isFunction = first.type === 'ExpressionStatement' && first.expression.type === 'FunctionExpression';
  return isFunction ? first.expression.body.body : body;
}

/** Every name that is the target of an assignment anywhere, in whatever scope: more than needed, never less. */
function assignedNames(program) {
  const names = new Set();
  const collect = (pattern) => {
    if (pattern === null) return;
    if (pattern.type === 'Identifier') names.add(pattern.name);
    for (const part of partsOf(pattern)) collect(part);
  };
  simple(program, {
    AssignmentExpression: ({ left }) => collect(left),
    UpdateExpression: ({ argument }) => collect(argument),
    ForInStatement: ({ left }) => left.type !== 'VariableDeclaration' && collect(left),
    ForOfStatement: ({ left }) => left.type !== 'VariableDeclaration' && collect(left),
  });
  return names;
}

/** The patterns inside a destructuring pattern. */
function partsOf(pattern) {
  if (pattern.type === 'ArrayPattern') return pattern.elements;
  if (pattern.type === 'ObjectPattern') return pattern.properties.map((p) => p.value ?? p.argument);
  if (pattern.type === 'AssignmentPattern') return [pattern.left];
  return pattern.type === 'RestElement' ? [pattern.argument] : [];
}
