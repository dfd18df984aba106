/**
 * Reads RESP3 for tests that care for the kind of every reply: a set and an array, a simple and a bulk string
 * stay different. Sets and maps are sorted, because their order says nothing.
 */
import { ProtocolSocket } from './protocol-socket.ts';
import { encodeCommand } from './raw-client.ts';

/** A bulk string as it is, '+text' for a simple one, '-text' for an error, ',text' for a double, a number, null, or a tagged aggregate. */
export type Typed =
  | string
  | number
  | boolean
  | null
  | { array: Typed[] }
  | { set: Typed[] }
  | { map: [Typed, Typed][] };

/** Runs commands over one RESP3 connection and returns their replies. */
export async function askTyped(port: number, ...commands: (string | number)[][]): Promise<Typed[]> {
  const socket = await ProtocolSocket.open(port);
  void socket.write(encodeCommand(['HELLO', 3]));
  for (const command of commands) void socket.write(encodeCommand(command));
  void socket.write(encodeCommand(['ECHO', 'the end of it']));
  const text = await socket.untilEnding('the end of it\r\n');
  socket.destroy();
  const reader = new TypedReader(text);
  reader.read();
  return commands.map(() => reader.read());
}

class TypedReader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  read(): Typed {
    const end = this.text.indexOf('\r\n', this.at);
    const kind = this.text[this.at];
    const line = this.text.slice(this.at + 1, end);
    this.at = end + 2;
    if (kind === '+' || kind === '-' || kind === ',') return kind + line;
    if (kind === ':') return Number(line);
    if (kind === '_' || line === '-1') return null;
    if (kind === '#') return line === 't';
    if (kind === '$' || kind === '=') return this.bulk(Number(line));
    if (kind === '*') return { array: this.many(Number(line)) };
    if (kind === '~') return { set: sorted(this.many(Number(line))) };
    if (kind === '%') return { map: sorted(this.pairs(Number(line))) };
    throw new Error(`unexpected reply ${kind}${line}`);
  }

  private bulk(size: number): string {
    const text = this.text.slice(this.at, this.at + size);
    this.at += size + 2;
    return text;
  }

  private many(count: number): Typed[] {
    return Array.from({ length: count }, () => this.read());
  }

  private pairs(count: number): [Typed, Typed][] {
    return Array.from({ length: count }, () => [this.read(), this.read()]);
  }
}

function sorted<T>(items: T[]): T[] {
  const key = (item: T): string => JSON.stringify(item);
  return items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The value under `name` of a map reply; undefined when it is not there. */
export function field(map: Typed, name: string): Typed | undefined {
  if (map === null || typeof map !== 'object' || !('map' in map)) throw new Error('not a map');
  return map.map.find(([key]) => key === name)?.[1];
}
