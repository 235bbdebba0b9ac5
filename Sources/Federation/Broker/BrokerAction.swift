package import Wire

/// An action that the broker's surroundings do for it.
package enum BrokerAction: Hashable, Sendable {
  /// Publish this under a topic of the control socket.
  case send(Topic, Message<Downlink>)
  /// Make the model of this round, once all earlier ones are safe; answered by `prepared`.
  ///
  /// After the last round, the model of the one after it: that isn't sent, but the answer is
  /// awaited.
  case prepare(round: Int)
  /// Make the model that this round came to ready to be evaluated by clients; answered by
  /// `evaluable`.
  case prepareEvaluation(round: Int)
  /// Publish all chunks of these steps for the clients that asked for them.
  case broadcast(round: Int, [Broadcast])
  /// Send ranges of a step to one client's mailbox on the bulk socket.
  case repair(round: Int, client: Int, ModelPatch, ranges: [Range<Int>])
  /// Send ranges of the plan to one client's mailbox on the control socket, for one worker.
  case sendPlan(client: Int, worker: UInt64, PlanBytes, ranges: [Range<Int>])
  /// Send ranges of a step to a client that evaluates, as `repair` does in a round.
  case repairForEvaluation(round: Int, client: Int, ModelPatch, ranges: [Range<Int>])
  /// Make room for an update that will be sent.
  case reserve(client: Int, length: Int)
  /// Put the chunk that is at hand into the client's update.
  case receive(client: Int, offset: Int)
  /// The client's update is complete: check it and store it durably; answered by `stored`.
  ///
  /// It counts in `round`, which may be a later one than it was trained for.
  case store(round: Int, client: Int, attempt: Int, Submission)
  /// Free what was kept of the client's update.
  case release(client: Int)
  /// The round is over: aggregate the accepted updates and book the round.
  case close(RoundResult)
  /// The evaluation of a round's model is over: aggregate the scores, and book the round.
  case evaluated(EvaluationResult)
  /// Keep the number of a client's training samples of each label, which is news.
  case keep(labels: [Int], of: Int)
  /// Make durable that the broker goes on as this incarnation, before anything else is done.
  case leap(epoch: Int)
  /// The sums over clients' samples are here: make one normalization of them and keep it durably;
  /// answered by `normalized`.
  case normalize(MeasuringResult)
  /// Count something that went wrong, under its name in the ledger.
  case count(String)
  /// Tell people.
  case notice(BrokerNotice)
  /// Nothing more will happen.
  case finished(complete: Bool)
}

/// A step and the clients that wait for it.
package struct Broadcast: Hashable, Sendable {
  /// The step.
  package var step: ModelPatch
  /// The clients whose links carry it, in rising order.
  package var clients: [Int]
  /// The purpose for which they do.
  package var purpose: TaskPurpose

  /// A broadcast of `step` to `clients`.
  package init(step: ModelPatch, clients: [Int], purpose: TaskPurpose = .training) {
    self.step = step
    self.clients = clients
    self.purpose = purpose
  }
}

/// News for the people who watch the broker.
package enum BrokerNotice: Hashable, Sendable {
  /// Too few clients are here to go on.
  case waiting(Shortage)
  /// Too few clients were here for too long, or can ever be here again: the run ends, to go on
  /// another time.
  case gaveUp(Shortage, isOverdue: Bool)
  /// The round began with so many clients selected.
  case opened(round: Int, stage: Int, selected: Int)
  /// So many clients evaluate the model that the round came to.
  case evaluating(round: Int, clients: Int)
  /// So many clients are asked for sums over their samples.
  case measuring(clients: Int)
  /// One normalization was made of the sums of so many clients.
  case normalized(FederatedNormalization, clients: Int)
  /// A client was refused.
  case refused(client: Int, RefusalReason, detail: String)
  /// A selected client can't take part.
  case declined(client: Int, DeclineReason, detail: String)
  /// A worker came, went, fell silent or is heard again.
  case worker(WorkerNews)
  /// An order was followed, or wasn't.
  case ordered(ControlOrder, ControlAnswer)
}
