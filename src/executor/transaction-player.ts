/** Runs what a transaction has queued (../transactions/), as part of its EXEC. */
import type { Call } from '../commands/call.ts';
import type { Server } from '../commands/server.ts';
import { GATE_PARKED, type Session } from '../commands/session.ts';
import type { CommandQueue } from '../transactions/command-queue.ts';
import type { SessionTransactions, TransactionRunner } from '../transactions/transactions.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { CommandObservers } from './command-observers.ts';
import type { CommandTimer } from './command-timer.ts';
import type { Dispatcher } from './dispatcher.ts';

export interface TransactionPlayerParts {
  server: Server;
  dispatcher: Dispatcher;
  timer: CommandTimer;
  observers: CommandObservers;
  transactions: SessionTransactions;
}

export class TransactionPlayer implements TransactionRunner {
  private readonly call: Call;
  private readonly server: Server;
  private readonly dispatcher: Dispatcher;
  private readonly timer: CommandTimer;
  private readonly observers: CommandObservers;
  private readonly transactions: SessionTransactions;

  constructor({ dispatcher, observers, server, timer, transactions }: TransactionPlayerParts) {
    this.call = dispatcher.call;
    this.server = server;
    this.dispatcher = dispatcher;
    this.timer = timer;
    this.observers = observers;
    this.transactions = transactions;
  }

  runTransaction(session: Session, queue: CommandQueue): void {
    const { call, dispatcher, timer } = this;
    const { log } = this.observers;
    const { byId } = this.server.table;
    const { argc, base, bytes, command, data, hash, spans } = call;
    const { lastCommand } = session;
    const logged = log?.position;
    const startUs = timer.suspend();
    log?.beginTransaction();
    while (!queue.isDone && (session.gate & GATE_PARKED) === 0) {
      const queued = byId[queue.load(call)];
      call.command = queued;
      call.db = session.db;
      (session.link as ChannelEnd).startReply();
      dispatcher.executeAllowed(session, queued);
    }
    log?.endTransaction();
    if (log !== null && log.position !== logged) session.logPosition = log.position;
    timer.resume(command, startUs);
    call.command = command;
    call.bytes = bytes;
    call.data = data;
    call.spans = spans;
    call.base = base;
    call.argc = argc;
    call.hash = hash;
    session.lastCommand = lastCommand;
    if (queue.isDone) this.transactions.end(session);
  }
}
