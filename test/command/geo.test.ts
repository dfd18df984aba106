/** The geo commands, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const NOT_FLOAT = 'error: ERR value is not a valid float';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const UNIT = 'error: ERR unsupported unit provided. please use M, KM, FT, MI';
const NO_MEMBER = 'error: ERR could not decode requested zset member';

const sicily = (run: Target['run']): Promise<unknown> =>
  run('GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 13.583333 37.316667 Agrigento');

const PALERMO = ['13.36138933897018433', '38.11555639549629859'];
const CATANIA = ['15.08726745843887329', '37.50266842333162032'];

describeOnBoth('geo', [], ({ run, call, raw }) => {
  it('GEOADD: adds places as a sorted set of geohashes', async () => {
    expect(await sicily(run)).toBe(3);
    expect(await run('TYPE sicily')).toBe('zset');
    expect(await run('OBJECT ENCODING sicily')).toBe('listpack');
    expect(await run('ZRANGE sicily 0 -1 WITHSCORES')).toEqual([
      'Agrigento',
      '3479030013248308',
      'Palermo',
      '3479099956230698',
      'Catania',
      '3479447370796909',
    ]);
  });

  it('GEOADD: NX, XX and CH', async () => {
    await sicily(run);
    expect(await run('GEOADD sicily NX 1 1 Palermo 2 2 Enna')).toBe(1);
    expect(await run('GEOPOS sicily Palermo')).toEqual([PALERMO]);
    expect(await run('GEOADD sicily XX 1 1 Catania 2 2 Trapani')).toBe(0);
    expect(await run('GEOPOS sicily Trapani')).toEqual([null]);
    expect(await run('GEOHASH sicily Catania')).toEqual(['s00twy01mt0']);
    expect(await run('GEOADD sicily CH 3 3 Catania 2 2 Trapani 2 2 Trapani')).toBe(2);
    expect(await run('GEOADD sicily xx ch 4 4 Catania')).toBe(1);
    expect(await run('GEOADD none XX 1 1 a')).toBe(0);
    expect(await run('EXISTS none')).toBe(0);
  });

  it.each([
    ['GEOADD g 1 1', "error: ERR wrong number of arguments for 'geoadd' command"],
    ['GEOADD g 1 1 a 2', SYNTAX],
    ['GEOADD g NX XX 1 1 a', SYNTAX],
    ['GEOADD g NX CH CH', SYNTAX],
    ['GEOADD g INCR 1 1 a', SYNTAX],
    ['GEOADD g x 1 a', NOT_FLOAT],
    ['GEOADD g 1 x a', NOT_FLOAT],
    ['GEOADD g 1 1 a 2 x b', NOT_FLOAT],
    ['GEOADD g 181 1 a', 'error: ERR invalid longitude,latitude pair 181.000000,1.000000'],
    ['GEOADD g 1 -85.06 a', 'error: ERR invalid longitude,latitude pair 1.000000,-85.060000'],
    ['GEOADD g inf 1 a', 'error: ERR invalid longitude,latitude pair inf,1.000000'],
    ['GEOADD string 1 1 a', WRONG_TYPE],
    ['GEOADD string x 1 a', NOT_FLOAT],
    ['GEODIST sicily Palermo Catania x', UNIT],
    ['GEODIST sicily Palermo Catania m m', SYNTAX],
    ['GEODIST string a b', WRONG_TYPE],
    ['GEODIST string a b x', UNIT],
    ['GEOPOS string a', WRONG_TYPE],
    ['GEOHASH string a', WRONG_TYPE],
    ['GEOSEARCH string FROMLONLAT 1 1 BYRADIUS 1 m', WRONG_TYPE],
    ['GEOSEARCH string FROMLONLAT x 1 BYRADIUS 1 m', WRONG_TYPE],
    ['GEOSEARCH sicily FROMLONLAT x 1 BYRADIUS 1 m', NOT_FLOAT],
    [
      'GEOSEARCH sicily FROMLONLAT 1 86 BYRADIUS 1 m',
      'error: ERR invalid longitude,latitude pair 1.000000,86.000000',
    ],
    ['GEOSEARCH sicily FROMMEMBER none BYRADIUS 1 m', NO_MEMBER],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS x m', 'error: ERR need numeric radius'],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS -1 m', 'error: ERR radius cannot be negative'],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 x', UNIT],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYBOX x 1 m', 'error: ERR need numeric width'],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 x m', 'error: ERR need numeric height'],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 -1 m', 'error: ERR height or width cannot be negative'],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYBOX -1 1 x', 'error: ERR height or width cannot be negative'],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 1 x', UNIT],
    ['GEOSEARCH sicily FROMMEMBER Palermo FROMLONLAT 1 1 BYBOX 1 1 m', SYNTAX],
    ['GEOSEARCH sicily FROMLONLAT 1 1 FROMMEMBER Palermo BYBOX 1 1 m', SYNTAX],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 1 m BYRADIUS 1 m', SYNTAX],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m BYBOX 1 1 m', SYNTAX],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m STOREDIST', SYNTAX],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m STORE d', SYNTAX],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m COUNT', SYNTAX],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m COUNT x', NOT_INTEGER],
    ['GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m COUNT 0', 'error: ERR COUNT must be > 0'],
    [
      'GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m ANY',
      'error: ERR the ANY argument requires COUNT argument',
    ],
    [
      'geoSearch sicily BYRADIUS 1 m ASC ASC ASC',
      'error: ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geoSearch',
    ],
    [
      'GEOSEARCH sicily FROMLONLAT 1 1 ASC ASC',
      'error: ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH',
    ],
    [
      'GEOSEARCH none FROMMEMBER a ASC ASC ASC',
      'error: ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH',
    ],
    [
      'GEOSEARCHSTORE d sicily FROMMEMBER Palermo BYRADIUS 1 m WITHDIST',
      'error: ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
    ],
    ['GEOSEARCHSTORE d string FROMMEMBER Palermo BYRADIUS 1 m', WRONG_TYPE],
    ['GEORADIUS sicily x 1 1 m', NOT_FLOAT],
    ['GEORADIUS sicily 1 1 x m', 'error: ERR need numeric radius'],
    ['GEORADIUS sicily 1 1 1 m x', SYNTAX],
    ['GEORADIUS sicily 1 1 1 m STORE', SYNTAX],
    [
      'GEORADIUS sicily 1 1 1 m STORE d WITHHASH',
      'error: ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
    ],
    ['GEORADIUS_RO sicily 1 1 1 m STORE d', SYNTAX],
    ['GEORADIUS_RO string 1 1 1 m', WRONG_TYPE],
    ['GEORADIUSBYMEMBER sicily none 1 m', NO_MEMBER],
    ['GEORADIUSBYMEMBER sicily Palermo 1 x', UNIT],
    ['GEORADIUSBYMEMBER none Palermo 1 x y', SYNTAX],
    ['GEORADIUSBYMEMBER string Palermo 1 m', WRONG_TYPE],
    ['GEORADIUSBYMEMBER_RO sicily Palermo 1 m STOREDIST d', SYNTAX],
  ])('%s: is refused', async (command, error) => {
    await sicily(run);
    await run('SET string x');
    expect(await run(command)).toBe(error);
    expect(await run('ZCARD sicily')).toBe(3);
    expect(await run('EXISTS g d')).toBe(0);
  });

  it('GEOPOS, GEOHASH, GEODIST: of members, of none, and without a key', async () => {
    await sicily(run);
    expect(await run('GEOPOS sicily Palermo none Catania')).toEqual([PALERMO, null, CATANIA]);
    expect(await run('GEOPOS sicily')).toEqual([]);
    expect(await run('GEOPOS none a b')).toEqual([null, null]);
    expect(await run('GEOHASH sicily Palermo none Catania')).toEqual(['sqc8b49rny0', null, 'sqdtr74hyu0']);
    expect(await run('GEOHASH none a')).toEqual([null]);
    expect(await run('GEODIST sicily Palermo Catania')).toBe('166274.1516');
    expect(await run('GEODIST sicily Palermo Catania KM')).toBe('166.2742');
    expect(await run('GEODIST sicily Palermo Catania mi')).toBe('103.3182');
    expect(await run('GEODIST sicily Palermo Catania ft')).toBe('545518.8700');
    expect(await run('GEODIST sicily Palermo Palermo')).toBe('0.0000');
    expect(await run('GEODIST sicily Palermo none')).toBeNull();
    expect(await run('GEODIST none a b')).toBeNull();
  });

  it('GEOPOS: at the ends of the earth, and of scores that are no places', async () => {
    await run('GEOADD g 180 85.05112878 ne -180 -85.05112878 sw 0 0 middle -180 85.05112878 nw');
    await run('ZADD g -1 negative 1e300 huge 1.5 fraction');
    expect(await run('GEOPOS g ne sw middle nw negative huge fraction')).toMatchObject({ length: 7 });
    expect(await run('GEOPOS g middle sw')).toEqual([
      ['0.00000268220901489', '0.00000126736058093'],
      ['-179.99999731779098511', '-85.05112751263942528'],
    ]);
    expect(await run('GEOHASH g middle sw')).toEqual(['s0000000000', '00bh0hbj200']);
  });

  it('GEOSEARCH: by radius and by box, from a member or a place', async () => {
    await sicily(run);
    expect(await run('GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC')).toEqual([
      'Catania',
      'Agrigento',
      'Palermo',
    ]);
    expect(await run('GEOSEARCH sicily FROMLONLAT 15 37 BYBOX 400 400 KM DESC')).toEqual([
      'Palermo',
      'Agrigento',
      'Catania',
    ]);
    expect(await run('GEOSEARCH sicily FROMLONLAT 15 37 BYBOX 200 400 km ASC')).toEqual(['Catania']);
    expect(await run('GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 0 m')).toEqual(['Palermo']);
    expect(await run('GEOSEARCH sicily ASC BYRADIUS 100000 m FROMMEMBER Palermo')).toEqual([
      'Palermo',
      'Agrigento',
    ]);
    expect(await run('GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 m BYRADIUS 100 mi COUNT 2')).toEqual([
      'Palermo',
      'Agrigento',
    ]);
    expect(await run('GEOSEARCH sicily FROMLONLAT -50 0 BYRADIUS 100 km')).toEqual([]);
    expect(await run('GEOSEARCH none FROMMEMBER x BYRADIUS 100 km')).toEqual([]);
  });

  it('GEOSEARCH: tells distance, hash and place', async () => {
    await sicily(run);
    expect(
      await run('GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD WITHHASH WITHDIST'),
    ).toEqual([['Catania', '56.4413', 3479447370796909, CATANIA]]);
    expect(await run('GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD')).toEqual([
      ['Catania', CATANIA],
    ]);
    expect(await run('GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 330000 ft withdist withdist')).toEqual([
      ['Catania', '185174.7305'],
    ]);
  });

  it('COUNT: the nearest, the farthest, or with ANY whichever', async () => {
    await sicily(run);
    const search = 'GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 500 km';
    expect(await run(`${search} COUNT 2`)).toEqual(['Catania', 'Agrigento']);
    expect(await run(`${search} COUNT 2 DESC`)).toEqual(['Palermo', 'Agrigento']);
    expect(await run(`${search} COUNT 9`)).toEqual(['Catania', 'Agrigento', 'Palermo']);
    expect(await run(`${search} COUNT 2 ANY`)).toHaveLength(2);
    expect(await run(`${search} ANY COUNT 1 ASC`)).toHaveLength(1);
  });

  it('GEOSEARCHSTORE: stores hashes or distances, and deletes the destination when nothing is found', async () => {
    await sicily(run);
    const around = 'sicily FROMLONLAT 15 37';
    expect(await run(`GEOSEARCHSTORE d ${around} BYRADIUS 200 km COUNT 2`)).toBe(2);
    expect(await run('ZRANGE d 0 -1 WITHSCORES')).toEqual([
      'Agrigento',
      '3479030013248308',
      'Catania',
      '3479447370796909',
    ]);
    expect(await run(`GEOSEARCHSTORE d ${around} BYBOX 400 400 km STOREDIST`)).toBe(3);
    const distances = (await run('ZRANGE d 0 -1 WITHSCORES')) as string[];
    expect([distances[0], distances[2], distances[4]]).toEqual(['Catania', 'Agrigento', 'Palermo']);
    expect([1, 3, 5].map((i) => Number(distances[i]).toFixed(4))).toEqual([
      '56.4413',
      '130.4235',
      '190.4424',
    ]);
    expect(await run('GEOSEARCHSTORE d sicily FROMLONLAT 0 0 BYRADIUS 1 m')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
    await run('RPUSH list a');
    expect(await run(`GEOSEARCHSTORE list ${around} BYRADIUS 100 km`)).toBe(1);
    expect(await run('TYPE list')).toBe('zset');
    expect(await run('GEOSEARCHSTORE list none FROMMEMBER a BYRADIUS 100 km')).toBe(0);
    expect(await run('EXISTS list')).toBe(0);
    expect(await run(`GEOSEARCHSTORE sicily ${around} BYRADIUS 100 km`)).toBe(1);
    expect(await run('ZCARD sicily')).toBe(1);
  });

  it('GEORADIUS, GEORADIUSBYMEMBER and their _RO forms', async () => {
    await sicily(run);
    expect(await run('GEORADIUS sicily 15 37 200 km ASC')).toEqual(['Catania', 'Agrigento', 'Palermo']);
    expect(await run('GEORADIUS_RO sicily 15 37 200 km DESC COUNT 1 WITHDIST')).toEqual([
      ['Palermo', '190.4424'],
    ]);
    expect(await run('GEORADIUSBYMEMBER sicily Agrigento 100 km ASC')).toEqual(['Agrigento', 'Palermo']);
    expect(await run('GEORADIUSBYMEMBER_RO sicily Agrigento 100 km WITHHASH COUNT 1')).toEqual([
      ['Agrigento', 3479030013248308],
    ]);
    expect(await run('GEORADIUS sicily 15 37 200 km STORE d')).toBe(3);
    expect(await run('ZSCORE d Palermo')).toBe('3479099956230698');
    expect(await run('GEORADIUSBYMEMBER sicily Agrigento 100 km STOREDIST d STORE e')).toBe(2);
    expect(await run('ZSCORE e Palermo')).toBe('3479099956230698');
    expect(await run('GEORADIUSBYMEMBER sicily Agrigento 100 km STOREDIST d')).toBe(2);
    expect(await run('ZRANGE d 0 0 WITHSCORES')).toEqual(['Agrigento', '0']);
    expect(await run('GEORADIUS none 15 37 200 km STORE d')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
    expect(await run('GEORADIUSBYMEMBER none a 200 km')).toEqual([]);
  });

  it('all commands, in a large sorted set and around the date line', async () => {
    const places = Array.from({ length: 2000 }, (_, i) => [
      (((i * 7919) % 36_000) - 18_000) / 100,
      (((i * 104_729) % 17_000) - 8500) / 100,
      `place:${i}`,
    ]);
    for (let i = 0; i < places.length; i += 500)
      await call('GEOADD', 'g', ...places.slice(i, i + 500).flat());
    expect(await run('OBJECT ENCODING g')).toBe('skiplist');
    const sizes = await Promise.all(
      ['0 0', '180 0', '-180 10', '100 84', '-70 -84', '13 45'].flatMap((from) =>
        ['BYRADIUS 500 km', 'BYRADIUS 6000 km', 'BYBOX 3000 300 km'].map(async (by) => {
          const names = (await run(`GEOSEARCH g FROMLONLAT ${from} ${by}`)) as string[];
          return names.length;
        }),
      ),
    );
    expect(sizes).toEqual([0, 300, 3, 0, 146, 2, 0, 318, 4, 14, 574, 27, 13, 576, 27, 2, 480, 4]);
    expect(await run('GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 6000 km')).toBe(sizes[1]);
    expect(await run('ZCARD d')).toBe(sizes[1]);
    expect(await run('GEOSEARCH g FROMLONLAT 13 45 BYRADIUS 900 km COUNT 3 ANY')).toHaveLength(3);
  });

  it('coordinates are doubles and distances are strings in RESP3', async () => {
    await sicily(run);
    const text = await raw(
      'HELLO 3',
      'GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD WITHDIST',
      'GEOPOS sicily none Palermo',
      'GEODIST sicily Palermo none',
      'GEOHASH sicily none',
    );
    const [, replies] = text.split('modules\r\n*0\r\n');
    expect(replies.split('\r\n')).toEqual([
      ...['*1', '*3', '$7', 'Catania', '$7', '56.4413', '*2', `,${CATANIA[0]}`, `,${CATANIA[1]}`],
      ...['*2', '_', '*2', `,${PALERMO[0]}`, `,${PALERMO[1]}`],
      '_',
      ...['*1', '_'],
      '',
    ]);
  });
});

describeOnOurs('geo of newer servers', [], ({ run }) => {
  const polygon = (...corners: number[]): string => `BYPOLYGON ${corners.length / 2} ${corners.join(' ')}`;

  it('BYPOLYGON: the members inside, without those on an edge', async () => {
    await sicily(run);
    await run('GEOADD sicily 0 0 Zero');
    const south = polygon(13, 37, 16, 37, 16, 37.8, 13, 37.8);
    expect(await run(`GEOSEARCH sicily ${south} ASC`)).toEqual(['Catania', 'Agrigento']);
    expect(await run(`GEOSEARCH sicily ${south} COUNT 1 DESC`)).toHaveLength(1);
    expect(await run(`GEOSEARCHSTORE d sicily ${south}`)).toBe(2);
    // It is open to the north between the two.
    const horseshoe = polygon(13, 37, 16, 37, 16, 39, 14.9, 39, 14.9, 37.1, 13.5, 37.1, 13.5, 39, 13, 39);
    expect(await run(`GEOSEARCH sicily ${horseshoe} ASC`)).toEqual(['Catania', 'Palermo']);
    const earth = polygon(-180, -85, 180, -85, 180, 85, -180, 85);
    expect(await run(`GEOSEARCH sicily ${earth}`)).toHaveLength(4);
    expect(await run(`GEOSEARCH none ${south}`)).toEqual([]);
  });

  it('BYPOLYGON: tells the distance from its centre in metres', async () => {
    await run('GEOADD g 1 1 a');
    const square = polygon(0, 0, 2, 0, 2, 2, 0, 2);
    const [[name, distance]] = (await run(`GEOSEARCH g ${square} WITHDIST`)) as string[][];
    expect(name).toBe('a');
    expect(Number(distance)).toBeLessThan(1);
  });

  it.each([
    ['BYPOLYGON 2 1 1 2 2', 'error: ERR GEOSEARCH BYPOLYGON must have at least 3 vertices'],
    ['BYPOLYGON x 1 1 2 2 3 3', NOT_INTEGER],
    ['BYPOLYGON 4 1 1 2 2 3 3', SYNTAX],
    ['BYPOLYGON 3 1 1 2 2 3 x', NOT_FLOAT],
    ['BYPOLYGON 3 1 1 2 2 3 3 3', SYNTAX],
    ['FROMLONLAT 1 1 BYPOLYGON 3 1 1 2 2 3 1', SYNTAX],
    ['BYPOLYGON 3 1 1 2 2 3 1 FROMLONLAT 1 1', SYNTAX],
    ['BYPOLYGON 3 1 1 2 2 3 1 BYRADIUS 1 m', SYNTAX],
  ])('GEOSEARCH with %s: is refused', async (options, error) => {
    expect(await run(`GEOSEARCH g ${options}`)).toBe(error);
  });
});
