// For Docker's HEALTHCHECK: exits 0 if the server in this container answers PING within two seconds.
// Any RESP reply counts. -NOAUTH is what a server with a password says, -LOADING one that reads its data in: both are
// alive, and neither is helped by a restart.
import { connect } from 'node:net';

const TIMEOUT_MS = 2000;
const port = Number(process.argv[2] ?? 6379);

const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
socket.setTimeout(TIMEOUT_MS, () => fail(`no answer in ${TIMEOUT_MS} ms`));
socket.on('error', (error) => fail(error.message));
socket.on('end', () => fail('the server closed the connection'));
socket.on('data', (reply) => {
  const kind = String.fromCharCode(reply[0]);
  if (kind !== '+' && kind !== '-') fail(`not a RESP reply: ${reply.toString('latin1', 0, 80)}`);
  process.exit(0);
});

/** @param {string} reason @returns {never} */
function fail(reason) {
  console.error(`port ${port}: ${reason}`);
  process.exit(1);
}
