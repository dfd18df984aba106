import type { Call } from '../../call.ts';

/** Stops what is done hz times a second, limits on clients among it, or lets it go on. */
export function pauseCron(call: Call): void {
  call.server.cronPaused = Number.parseInt(call.text(2), 10) > 0;
  call.reply.ok();
}
