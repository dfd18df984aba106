/** A thread of bio's pool: one job about one file at a time. */

import { runJob } from '../src/persistence/jobs.ts';
import type { Job } from '../src/persistence/messages.ts';

export default (job: Job): Promise<void> => runJob(job);
