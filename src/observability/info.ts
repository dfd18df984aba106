/** INFO: which sections are asked for, and their text. */
import type { Server } from '../commands/server.ts';
import type { InfoSources } from './figures.ts';
import { InfoFacts, type InfoSection } from './info-section.ts';
import { CLIENTS, CPU, MODULES, REPLICATION, SERVER } from './sections/general.ts';
import { CLUSTER, COMMAND_STATS, ERROR_STATS, KEYSPACE, LATENCY_STATS } from './sections/keyspace.ts';
import { MEMORY } from './sections/memory.ts';
import { PERSISTENCE } from './sections/persistence.ts';
import { DEBUG, STATS } from './sections/stats.ts';
import { THREADS } from './sections/threads.ts';

/** In the order in which INFO shows them. */
export const INFO_SECTIONS: readonly InfoSection[] = [
  SERVER,
  CLIENTS,
  MEMORY,
  PERSISTENCE,
  STATS,
  REPLICATION,
  CPU,
  THREADS,
  MODULES,
  COMMAND_STATS,
  ERROR_STATS,
  LATENCY_STATS,
  CLUSTER,
  KEYSPACE,
  DEBUG,
];

export class Info {
  private readonly server: Server;
  private readonly sources: InfoSources;

  constructor(server: Server, sources: InfoSources) {
    this.server = server;
    this.sources = sources;
  }

  /** The sections of these lower-case names, each once, however often it is named; none means the usual ones. */
  text(names: readonly string[]): string {
    const chosen = INFO_SECTIONS.filter((section) => isChosen(section, names));
    if (chosen.length === 0) return '';
    const facts = new InfoFacts(this.server, this.sources);
    return chosen.map((section) => sectionText(section, facts)).join('\r\n');
  }
}

function isChosen(section: InfoSection, names: readonly string[]): boolean {
  const isAll = names.includes('all') || names.includes('everything');
  if (isAll && section.byNameOnly !== true) return true;
  if (section.usual && (names.length === 0 || names.includes('default'))) return true;
  return names.includes(section.name);
}

function sectionText(section: InfoSection, facts: InfoFacts): string {
  let text = `# ${section.title}\r\n`;
  for (const { name, value, since } of section.fields ?? []) {
    if (since === undefined || facts.server.is72) text += `${name}:${value(facts)}\r\n`;
  }
  for (const line of section.lines?.(facts) ?? []) text += `${line}\r\n`;
  return text;
}
