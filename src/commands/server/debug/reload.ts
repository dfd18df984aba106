/** DEBUG RELOAD and LOADAOF: through a file and back, so that a test sees what a restart would make of the data. */
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';

export function reload(call: Call): void {
  const options = { save: true, flush: true, merge: false };
  for (let i = 2; i < call.argc; i++) {
    if (call.is(i, 'MERGE')) options.merge = true;
    else if (call.is(i, 'NOFLUSH')) options.flush = false;
    else if (call.is(i, 'NOSAVE')) options.save = false;
    else {
      call.reply.error(errors.RELOAD_OPTIONS);
      return;
    }
  }
  const error = call.server.persistence.reload(options);
  if (error === null) call.reply.ok();
  else call.reply.error(errors.RELOAD_FAILED);
}

export function aofFlushSleep(call: Call): void {
  const us = Number(call.text(2));
  if (!Number.isSafeInteger(us) || us < 0) {
    call.reply.error(errors.NOT_INTEGER);
    return;
  }
  call.server.persistence.setFlushSleep(us);
  call.reply.ok();
}

export function loadAof(call: Call): void {
  if (call.server.persistence.reloadAof() === null) call.reply.ok();
  else call.reply.error(errors.LOADAOF_FAILED);
}
