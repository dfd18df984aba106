/** The types of clients that filters name. Only normal ones exist until there is pub/sub and replication. */
export const TYPE_NORMAL = 'normal';

const TYPES: Record<string, string> = {
  normal: TYPE_NORMAL,
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
  master: 'master',
};

/** The type of that name in any case, or null. */
export function clientType(name: string): string | null {
  return TYPES[name.toLowerCase()] ?? null;
}
