/** CLIENT and its subcommands. */
import type { Call } from '../../call.ts';
import { defineCommand, LOADING, STALE } from '../../define.ts';
import { replyHelp } from '../../help.ts';
import { CLIENT_KILL } from './kill.ts';
import { CLIENT_INFO, CLIENT_LIST } from './list.ts';
import { CLIENT_NO_EVICT, CLIENT_NO_TOUCH, CLIENT_REPLY } from './modes.ts';
import { CLIENT_CAPA, CLIENT_GETNAME, CLIENT_ID, CLIENT_SETINFO, CLIENT_SETNAME } from './names.ts';
import { CLIENT_PAUSE, CLIENT_UNPAUSE } from './pause.ts';
import { CLIENT_CACHING, CLIENT_GETREDIR, CLIENT_TRACKING, CLIENT_TRACKINGINFO } from './tracking.ts';
import { CLIENT_UNBLOCK } from './unblock.ts';

const CLIENT_HELP = defineCommand({
  name: 'HELP',
  summary: 'Says what the subcommands do.',
  group: 'connection',
  since: '5.0.0',
  complexity: 'O(1)',
  arity: 2, // CLIENT HELP
  flags: LOADING | STALE,
  handler: help,
});

export const CLIENT = defineCommand({
  name: 'CLIENT',
  summary: 'Commands about client connections.',
  group: 'connection',
  since: '2.4.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    CLIENT_ID,
    CLIENT_GETNAME,
    CLIENT_SETNAME,
    CLIENT_SETINFO,
    CLIENT_CAPA,
    CLIENT_INFO,
    CLIENT_LIST,
    CLIENT_KILL,
    CLIENT_UNBLOCK,
    CLIENT_PAUSE,
    CLIENT_UNPAUSE,
    CLIENT_TRACKING,
    CLIENT_CACHING,
    CLIENT_TRACKINGINFO,
    CLIENT_GETREDIR,
    CLIENT_REPLY,
    CLIENT_NO_EVICT,
    CLIENT_NO_TOUCH,
    CLIENT_HELP,
  ],
});

function help(call: Call): void {
  replyHelp(call, 'CLIENT', [
    'UNBLOCK <client-id> [TIMEOUT|ERROR]',
    '    End the wait of a blocked client, with what it gets when its time is up or with an error.',
    'GETNAME',
    '    The name of this connection, or null.',
    'ID',
    '    The id of this connection.',
    'INFO',
    '    What the server knows of this connection.',
    'KILL <ip:port>',
    '    Close the connection from that address.',
    'KILL <filter> <value> [<filter> <value> [...]]',
    '    Close the connections for which all filters hold. SKIPME spares this one (default: yes).',
    'LIST [<filter> <value> [...]]',
    '    A line for each open connection for which all filters hold:',
    '    * ID <client-id> [<client-id> ...]',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '    * USER <username>, NAME <name>, LIB-NAME <name>, LIB-VER <version>',
    '    * ADDR, LADDR (<ip:port>|<unixsocket>:0), IP <ip>',
    '      Where it comes from; the address of this server that it came in on.',
    '    * DB <index>, FLAGS <letters>, CAPA <letters>',
    '    * MAXAGE <seconds>, IDLE <seconds>',
    '      Open, or silent, for at least so long.',
    '    * SKIPME (YES|NO)',
    '    * NOT-<filter> <value>',
    '      The opposite; not of MAXAGE, IDLE and SKIPME.',
    'CAPA <capability> [<capability> ...]',
    '    What the client can do: REDIRECT.',
    'NO-EVICT (ON|OFF)',
    '    Whether this connection may be closed to save memory.',
    'NO-TOUCH (ON|OFF)',
    '    Whether commands of this connection leave the last use of keys as it is.',
    'PAUSE <timeout> [WRITE|ALL]',
    '    Hold commands of all clients back for so many milliseconds: those that write, or all (default).',
    'UNPAUSE',
    '    End what PAUSE has begun.',
    'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]',
    '    Tell this connection when keys that it has read, or that have a prefix, change.',
    'CACHING (YES|NO)',
    '    Whether the keys of the next command are to be remembered, with OPTIN or OPTOUT.',
    'TRACKINGINFO',
    '    How this connection is told of changes.',
    'GETREDIR',
    '    The id of the connection that is told in its place.',
    'REPLY (ON|OFF|SKIP)',
    '    Whether commands of this connection are answered; SKIP is for the next one.',
    'SETINFO (LIB-NAME|LIB-VER) <value>',
    '    Say which library the client uses.',
    'SETNAME <name>',
    '    Name this connection.',
  ]);
}
