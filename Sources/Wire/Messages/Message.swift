/// A header and what is said under it; a chunk's bytes travel beside it as the payload.
package struct Message<Body: Hashable & Sendable>: Hashable, Sendable {
  /// The sender or receiver of a message, and its round.
  package var header: Header
  /// The message itself.
  package var body: Body

  /// A message of the given parts.
  package init(_ header: Header, _ body: Body) {
    self.header = header
    self.body = body
  }
}

/// The purpose for which a client has a model.
package enum TaskPurpose: Int, Hashable, Sendable {
  /// It trains, and sends an update.
  case training = 0
  /// It evaluates the model on what it holds out, and sends scores.
  case evaluation
}

/// The header of every message: its run, round and client.
package struct Header: Hashable, Sendable {
  /// The run, drawn by the broker at its start; 0 while a client doesn't know it.
  package var run: UInt64
  /// The broker's incarnation, from 1; 0 while a client doesn't know it.
  package var epoch: Int
  /// The round, from 1; 0 outside of rounds.
  package var round: Int
  /// The stage, from 1; 0 outside of rounds.
  package var stage: Int
  /// The client that sends or is addressed, from 0; nil in messages to all.
  package var client: Int?
  /// The number of the client's try of its update, from 0; 0 where a worker is named.
  package var attempt: Int
  /// The worker that is addressed, among those that listen to the client's mailbox; nil for all of
  /// them.
  package var worker: UInt64?
  /// Tells the evaluation after a round from the round itself, which have one number.
  package var purpose: TaskPurpose

  /// A header with the given fields.
  package init(
    run: UInt64 = 0, epoch: Int = 0, round: Int = 0, stage: Int = 0, client: Int? = nil,
    attempt: Int = 0, worker: UInt64? = nil, purpose: TaskPurpose = .training
  ) {
    self.run = run
    self.epoch = epoch
    self.round = round
    self.stage = stage
    self.client = client
    self.attempt = attempt
    self.worker = worker
    self.purpose = purpose
  }
}
