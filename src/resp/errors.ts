/** Every error text of the server, in one place. Byte for byte what redis-server sends, without '-' and CRLF. */

export const SYNTAX = 'ERR syntax error';
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const NOT_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_FLOAT = 'ERR value is not a valid float';
export const NO_SUCH_KEY = 'ERR no such key';
export const SAME_OBJECT = 'ERR source and destination objects are the same';
export const INDEX_RANGE = 'ERR index out of range';
export const OUT_OF_RANGE = 'ERR value is out of range';
export const OUT_OF_RANGE_POSITIVE = 'ERR value is out of range, must be positive';
export const INVALID_CURSOR = 'ERR invalid cursor';
export const DB_INDEX_RANGE = 'ERR DB index is out of range';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const DECREMENT_OVERFLOW = 'ERR decrement would overflow';
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity';
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const OFFSET_RANGE = 'ERR offset is out of range';
export const NOAUTH = 'NOAUTH Authentication required.';
export const NOAUTH_HELLO =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';
export const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';
export const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
export const NOPROTO = 'NOPROTO unsupported protocol version';
export const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
export const LOADING = 'LOADING Redis is loading the dataset in memory';

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

export function unknownSubcommand(given: string, container: string): string {
  return `ERR unknown subcommand '${given.slice(0, 128)}'. Try ${container.toUpperCase()} HELP.`;
}

/** `args` are the first arguments as text, each cut as Redis cuts them. */
export function unknownCommand(name: string, args: string): string {
  return `ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${args}`;
}

export function invalidExpire(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

export function protectedCommand(name: string): string {
  return `ERR ${name.toUpperCase()} command not allowed. If the enable-${name}-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`;
}

export function outOfRange(low: number, high: number): string {
  return `ERR value is out of range, value must between ${low} and ${high}`;
}
