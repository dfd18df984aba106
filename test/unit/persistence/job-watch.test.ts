import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { JobWatch } from '../../../src/persistence/job-pool.ts';
import { JOB_BEAT, JOB_WORDS, type LoadJob } from '../../../src/persistence/messages.ts';

function newJob(): LoadJob {
  return {
    kind: 'load',
    path: 'dump.rdb',
    checksum: true,
    port: new MessageChannel().port1,
    shared: new SharedArrayBuffer(JOB_WORDS * 4),
    process: new SharedArrayBuffer(4),
  };
}

describe('JobWatch', () => {
  const STILL = 'warning: Reading dump.rdb has made no progress for 10 seconds';
  const AGAIN = 'notice: Reading dump.rdb goes on';

  function watched(): { job: LoadJob; watch: JobWatch; said: string[]; look: (times: number) => void } {
    const said: string[] = [];
    const watch = new JobWatch((level, message) => said.push(`${level}: ${message}`));
    const job = newJob();
    watch.add(job);
    const look = (times: number) => {
      for (let i = 0; i < times; i++) watch.look(1000);
    };
    return { job, watch, said, look };
  }
  const beat = (job: LoadJob) => Atomics.add(new Int32Array(job.shared), JOB_BEAT, 1);

  it('tells once of a job without a beat, not before the tenth second, and when it goes on', () => {
    const { job, said, look } = watched();
    look(9);
    expect(said).toEqual([]);
    look(20);
    expect(said).toEqual([STILL]);
    beat(job);
    look(1);
    expect(said).toEqual([STILL, AGAIN]);
    look(10);
    expect(said).toEqual([STILL, AGAIN, STILL]);
  });

  it('says nothing of one that moves now and then', () => {
    const { job, said, look } = watched();
    for (let i = 0; i < 10; i++) {
      look(9);
      beat(job);
      look(1);
    }
    expect(said).toEqual([]);
  });

  it('says that one goes on that ends, and forgets it', () => {
    const { job, watch, said, look } = watched();
    look(10);
    watch.remove(job);
    look(30);
    expect(said).toEqual([STILL, AGAIN]);
  });
});
