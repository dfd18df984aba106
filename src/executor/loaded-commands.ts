/** Runs the commands of a file that is loaded (command-player.ts): nobody gets their replies, and they are not logged. */
import type { Command } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';
import * as errors from '../resp/errors.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { CommandObservers } from './command-observers.ts';
import type { CommandRunner } from './command-player.ts';
import type { DiscardedReplies } from './discarded-replies.ts';
import type { Dispatcher } from './dispatcher.ts';
import { wrongArity } from './gates.ts';

export interface LoadedCommandParts {
  server: Server;
  dispatcher: Dispatcher;
  observers: CommandObservers;
  discarded: DiscardedReplies;
}

export class LoadedCommands implements CommandRunner {
  private readonly server: Server;
  private readonly dispatcher: Dispatcher;
  private readonly observers: CommandObservers;
  private readonly discarded: DiscardedReplies;

  constructor({ discarded, dispatcher, observers, server }: LoadedCommandParts) {
    this.server = server;
    this.dispatcher = dispatcher;
    this.observers = observers;
    this.discarded = discarded;
  }

  aside(work: () => void): void {
    this.observers.aside(work);
  }

  runForPlayer(session: Session, id: number, bytes: Uint8Array, spans: Int32Array, argc: number): void {
    const { call } = this.dispatcher;
    let command = this.server.table.byId[id];
    call.bytes = bytes;
    call.data = null;
    call.spans = spans;
    call.base = 0;
    call.argc = argc;
    call.session = session;
    call.db = session.db;
    call.reply = this.discarded.writer;
    call.reply.pos = 0;
    call.command = command;
    if (command.children !== null) {
      const child = this.dispatcher.subcommand(command);
      if (child === null) return;
      command = child;
      call.command = child;
    }
    const { firstKey } = command;
    call.hash =
      firstKey > 0 && firstKey < argc ? call.hashOf(bytes, call.start(firstKey), call.end(firstKey)) : 0;
    if (wrongArity(command, argc)) call.reply.error(errors.wrongArity(command.fullName));
    else command.handler!(call);
    if (call.reply.errors !== 0) this.warnOfFailure(command, call.reply);
  }

  /** A command that was run once fails now: the data is not what it was. */
  private warnOfFailure(command: Command, reply: ReplyWriter): void {
    this.server.services.log(
      'warning',
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${reply.lastError}' after processing the command '${command.fullName}'`,
    );
    reply.errors = 0;
  }
}
