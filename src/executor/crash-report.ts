/**
 * What the log gets when a thread fails for a reason that nobody foresaw: where it failed, what the executor was running and for whom, and the state of
 * the server. The format is the one of Redis's bug reports, so that whoever reads those finds their way.
 *
 * The executor writes it, because all that is worth telling is there; it may be the one that failed, so every part is on its own: one that cannot
 * be told says why.
 */
import v8 from 'node:v8';
import type { Call } from '../commands/call.ts';
import { requestBytes, trimmedArguments } from '../commands/command-logs.ts';
import { clientLine } from '../commands/connection/client/client-line.ts';
import type { Server } from '../commands/server.ts';
import { DIRECTIVES } from '../config/directives.ts';
import { THREADIS_VERSION } from '../config/product.ts';

/** A thread that failed. */
export interface Failure {
  /** Its name. */
  readonly thread: string;
  /** The stack of the error, or what is known instead. */
  readonly stack: string;
}

/** `isRunning`: the command in `call` is under way. */
export function crashReport(server: Server, call: Call, isRunning: boolean, failure: Failure): string {
  const { host, version } = server;
  const parts: [title: string, text: () => string][] = [
    ['STACK TRACE', () => `Thread ${failure.thread}\n${failure.stack}`],
    ['CURRENT COMMAND', () => (isRunning ? commandText(call) : 'none')],
    ['INFO OUTPUT', () => server.services.info(['everything']).replaceAll('\r\n', '\n')],
    ['MEMORY', memoryText],
    ['CONFIG DEBUG OUTPUT', () => configText(server)],
    [
      'BUILD',
      () =>
        `threadis ${THREADIS_VERSION}, compatible with Redis ${version}, Node ${host.nodeVersion}, ${host.os}, ${host.cores} cores`,
    ],
  ];
  const body = parts.map(([title, text]) => `\n------ ${title} ------\n${orWhyNot(text)}`);
  return [
    '=== THREADIS BUG REPORT START: Cut & paste starting from here ===',
    `Threadis ${THREADIS_VERSION} crashed: thread ${failure.thread} failed`,
    ...body,
    '=== THREADIS BUG REPORT END. ===',
  ].join('\n');
}

function orWhyNot(text: () => string): string {
  try {
    return text().trimEnd();
  } catch (error) {
    return `cannot be told: ${(error as Error).stack}`;
  }
}

/** The client and its command, as far as they are not secret. */
function commandText(call: Call): string {
  const lines = [
    clientLine(call, call.session),
    `command: ${call.command.fullName}, argc: ${call.argc}, bytes: ${requestBytes(call)}`,
  ];
  trimmedArguments(call).forEach((text, i) => {
    lines.push(`argv[${i}]: ${JSON.stringify(text)}`);
  });
  return lines.join('\n');
}

function memoryText(): string {
  const { external, heap_size_limit, total_heap_size, used_heap_size } = {
    external: process.memoryUsage().external,
    ...v8.getHeapStatistics(),
  };
  return [
    `heap_used:${used_heap_size}`,
    `heap_total:${total_heap_size}`,
    `heap_limit:${heap_size_limit}`,
    `external:${external}`,
    `resident:${process.memoryUsage.rss()}`,
  ].join('\n');
}

/** The directives of interest, and all that are not what they are by default. */
function configText({ config }: Server): string {
  const lines: string[] = [];
  for (const directive of DIRECTIVES) {
    const value = config.value(directive.name);
    const isUsual = value === config.initial(directive);
    if (directive.sensitive === true ? isUsual : isUsual && directive.debug !== true) continue;
    lines.push(
      `${directive.name} ${directive.sensitive === true ? '(redacted)' : directive.type.format(value)}`,
    );
  }
  return lines.join('\n');
}
