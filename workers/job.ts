/** A thread of bio's pool: one job about one file at a time. */

import { runJob } from '../src/persistence/jobs.ts';
import type { Job } from '../src/persistence/messages.ts';
import { armFault, faultOf } from '../src/supervisor/fault.ts';

const fault = faultOf('job');

export default async (job: Job): Promise<void> => {
  fault?.();
  await runJob(job);
  armFault('job-idle');
};
