/** The table, CONFIG GET and CONFIG SET. */

import { describe, expect, it, vi } from 'vitest';

import { type Change, Config } from '../../../src/config/config.ts';
import type { CompatVersion } from '../../../src/config/directive.ts';
import { DIRECTIVES, findDirective, NAMED_DIRECTIVES } from '../../../src/config/directives.ts';
import { masterOf, outputBufferLimits, savePoints } from '../../../src/config/special-types.ts';

function newConfig(cores = 4, compat: CompatVersion = '7.2'): Config {
  return new Config({ directory: '/home', cores, compat });
}

describe('the table', () => {
  it('has every name once, in lower case', () => {
    const names = NAMED_DIRECTIVES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name !== name.toLowerCase())).toEqual([]);
  });

  it('has defaults that its own types and checks take, and that come back unchanged', () => {
    const config = newConfig();
    for (const directive of DIRECTIVES) {
      const { name, startOnly, protected: guarded } = directive;
      const [[, shown]] = config.get([name]);
      if (startOnly || guarded) continue;
      expect([name, config.set([[name, shown]])]).toEqual([name, null]);
      expect([name, config.value(name)]).toEqual([name, config.initial(directive)]);
    }
  });

  it('gives a reason for every directive without effect', () => {
    const reasons = DIRECTIVES.flatMap(({ effect }) => (effect.kind === 'accepted' ? [effect.reason] : []));
    expect(reasons.filter((reason) => reason.length < 10)).toEqual([]);
  });

  it('gives all cores but one to io threads, within 1 to 8', () => {
    expect([1, 2, 4, 9, 64].map((cores) => newConfig(cores).number('io-threads'))).toEqual([1, 1, 3, 8, 8]);
  });
});

describe('CONFIG GET', () => {
  it('answers a plain name as it was written, and a pattern with the names it matches, aliases too', () => {
    const config = newConfig();
    expect(config.get(['DataBases'])).toEqual([['DataBases', '16']]);
    expect(config.get(['SLAVE-prio*', 'replica-priority'])).toEqual([
      ['slave-priority', '100'],
      ['replica-priority', '100'],
    ]);
    expect(config.get(['port', 'PORT', 'por?'])).toEqual([['port', '6379']]);
    expect(config.get(['nothing'])).toEqual([]);
  });

  it('shows a hidden directive to its full name only', () => {
    const config = newConfig();
    expect(config.get(['watchdog*'])).toEqual([]);
    expect(config.get(['watchdog-period'])).toEqual([['watchdog-period', '0']]);
  });

  it('shows directives of 7.2 under 7.2 only', () => {
    expect(newConfig().get(['set-max-listpack-*'])).toHaveLength(2);
    expect(newConfig(4, '7.0').get(['set-max-listpack-*', 'locale-collate'])).toEqual([]);
    expect(newConfig(4, '7.0').set([['locale-collate', 'x']])).toContain('ERR Unknown option');
  });
});

describe('CONFIG SET', () => {
  it('sets all parameters or none', () => {
    const config = newConfig();
    expect(
      config.set([
        ['maxmemory', '1gb'],
        ['timeout', 'x'],
      ]),
    ).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer",
    );
    expect(config.number('maxmemory')).toBe(0);
  });

  it('takes an alias and its name at once, the last one counts', () => {
    const config = newConfig();
    expect(
      config.set([
        ['slave-priority', '1'],
        ['replica-priority', '2'],
      ]),
    ).toBeNull();
    expect(config.number('replica-priority')).toBe(2);
  });

  it('guards protected directives', () => {
    const config = newConfig();
    const refusal = "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config";
    expect(config.set([['dir', '/x']], { local: true })).toBe(refusal);
    config.assign('enable-protected-configs', 'local');
    expect(config.set([['dir', '/x']])).toBe(refusal);
    expect(config.set([['dir', 'x']], { local: true })).toBeNull();
    expect(config.string('dir')).toBe('/home/x');
  });

  it('refuses some directives while loading', () => {
    const loading = newConfig().set([['appendonly', 'yes']], { loading: true });
    expect(loading).toBe('LOADING Redis is loading the dataset in memory');
  });

  it('calls a hook once for all its directives, after all values are set, and not when nothing changes', () => {
    const config = newConfig();
    const seen: number[][] = [];
    config.onChange(['timeout', 'hz'], () => {
      seen.push([config.number('timeout'), config.number('hz')]);
    });
    config.set([
      ['timeout', '5'],
      ['hz', '20'],
    ]);
    config.set([['hz', '20']]);
    expect(seen).toEqual([[5, 20]]);
  });

  it('takes everything back when a hook refuses, and tells the hooks', () => {
    const config = newConfig();
    const told: number[] = [];
    const after = vi.fn();
    config.onChange('maxmemory', () => {
      told.push(config.number('maxmemory'));
    });
    config.onChange('maxclients', () => (config.number('maxclients') > 100 ? 'too many' : null));
    config.onChange('hz', after);
    config.assign('maxclients', 10n);
    const error = config.set([
      ['maxmemory', '5'],
      ['maxclients', '1000'],
      ['hz', '20'],
    ]);
    expect(error).toBe("ERR CONFIG SET failed (possibly related to argument 'maxclients') - too many");
    expect([config.number('maxmemory'), config.number('maxclients'), config.number('hz')]).toEqual([
      0, 10, 10,
    ]);
    expect(told).toEqual([5, 0]);
  });

  it('names the directives that another thread must apply, in a change that can be posted', () => {
    const config = newConfig();
    const change = config.prepare([
      ['port', '7000'],
      ['timeout', '3'],
      ['tls-port', '0'],
    ]) as Change;
    expect(change.async).toEqual(['port']);
    expect(config.number('port')).toBe(6379);
    expect(config.commit(structuredClone(change))).toBeNull();
    expect([config.number('port'), config.number('timeout')]).toEqual([7000, 3]);
  });

  it('clamps where Redis clamps', () => {
    const config = newConfig();
    config.set([
      ['hz', '100000'],
      ['repl-backlog-size', '1'],
    ]);
    expect([config.number('hz'), config.number('repl-backlog-size')]).toEqual([500, 16384]);
  });

  it('keeps any bytes of a password', () => {
    const config = newConfig();
    const password = 'a\0b\xff "';
    expect(config.set([['requirepass', password]])).toBeNull();
    expect(config.get(['requirepass'])).toEqual([['requirepass', password]]);
  });
});

describe('a snapshot', () => {
  it('gives another thread the same configuration', () => {
    const config = newConfig(2, '7.0');
    config.set([
      ['maxmemory', '18446744073709551615'],
      ['requirepass', 'x'],
    ]);
    config.words.renames.push(['get', 'fetch']);
    const copy = Config.from(structuredClone(config.snapshot()));
    expect(copy.get(['*'])).toEqual(config.get(['*']));
    expect(copy.words).toEqual(config.words);
    copy.set([['timeout', '1']]);
    expect(config.number('timeout')).toBe(0);
  });

  it('complains about a directive that does not exist', () => {
    expect(() => newConfig().value('slave-priority')).toThrow();
    expect(() => newConfig().number('requirepass')).toThrow();
    expect(findDirective('Slave-Priority')?.directive.name).toBe('replica-priority');
  });
});

describe('texts as data', () => {
  it('reads save points, output buffer limits and the master', () => {
    const config = newConfig();
    expect(savePoints(config.string('save'))).toEqual([
      [3600, 1],
      [300, 100],
      [60, 10000],
    ]);
    expect(outputBufferLimits(config.string('client-output-buffer-limit'))).toEqual({
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      slave: { hardBytes: 268435456, softBytes: 67108864, softSeconds: 60 },
      pubsub: { hardBytes: 33554432, softBytes: 8388608, softSeconds: 60 },
    });
    expect([masterOf(''), masterOf('::1 7000')]).toEqual([null, { host: '::1', port: 7000 }]);
    expect(config.list('bind')).toEqual(['*', '-::*']);
  });
});
