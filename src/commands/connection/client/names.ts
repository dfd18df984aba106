/** What a client says of itself: its id, its name, its library. */
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';

const FLAGS = NOSCRIPT | LOADING | STALE;

export const CLIENT_ID = defineCommand({
  name: 'ID',
  summary: 'Returns the number that is this connection alone.',
  group: 'connection',
  since: '5.0.0',
  complexity: 'O(1)',
  arity: 2, // CLIENT ID
  flags: FLAGS,
  handler: (call) => call.reply.integer(call.session.id),
});

export const CLIENT_GETNAME = defineCommand({
  name: 'GETNAME',
  summary: 'Returns the name of the connection, or null.',
  group: 'connection',
  since: '2.6.9',
  complexity: 'O(1)',
  arity: 2, // CLIENT GETNAME
  flags: FLAGS,
  handler: getName,
});

export const CLIENT_SETNAME = defineCommand({
  name: 'SETNAME',
  summary: 'Names the connection; an empty name takes the name away.',
  group: 'connection',
  since: '2.6.9',
  complexity: 'O(1)',
  arity: 3, // CLIENT SETNAME connection-name
  flags: FLAGS,
  args: [arg.string('connection-name')],
  handler: setName,
});

export const CLIENT_SETINFO = defineCommand({
  name: 'SETINFO',
  summary: "Says which library the client uses, for CLIENT LIST and INFO's readers.",
  group: 'connection',
  since: '7.2.0',
  complexity: 'O(1)',
  arity: 4, // CLIENT SETINFO LIB-NAME name | LIB-VER version
  flags: FLAGS,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  args: [
    arg.oneOf('attr', [
      arg.string('libname', { token: 'LIB-NAME' }),
      arg.string('libver', { token: 'LIB-VER' }),
    ]),
  ],
  handler: setInfo,
});

export const CLIENT_CAPA = defineCommand({
  name: 'CAPA',
  summary: 'Says what the client can do, for CLIENT LIST.',
  group: 'connection',
  since: '8.0.0',
  complexity: 'O(1)',
  arity: -3, // CLIENT CAPA capability [capability ...]
  flags: FLAGS,
  origin: 'valkey 8.0',
  args: [arg.string('capability', { many: true })],
  handler: setCapabilities,
});

/** Printable ASCII without the space: what a line of CLIENT LIST can show. */
export function isPrintable(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

function getName(call: Call): void {
  if (call.session.name === '') call.reply.null();
  else call.reply.bulkText(call.session.name);
}

function setName(call: Call): void {
  const name = call.text(2);
  if (!isPrintable(name)) {
    call.reply.error(errors.CLIENT_NAME);
    return;
  }
  call.session.name = name;
  call.reply.ok();
}

function setInfo(call: Call): void {
  const value = call.text(3);
  const isName = call.is(2, 'LIB-NAME');
  if (!isName && !call.is(2, 'LIB-VER')) {
    call.reply.error(errors.unrecognizedOption(call.text(2)));
  } else if (!isPrintable(value)) {
    call.reply.error(errors.clientAttribute(isName ? 'lib-name' : 'lib-ver'));
  } else {
    if (isName) call.session.libName = value;
    else call.session.libVersion = value;
    call.reply.ok();
  }
}

/** The one there is: it could be sent to another server. What is not known is passed over, as clients may be newer. */
function setCapabilities(call: Call): void {
  for (let i = 2; i < call.argc; i++) if (call.is(i, 'REDIRECT')) call.session.capabilities = 'r';
  call.reply.ok();
}
