package import Bytes
package import Federation
package import Ledger
package import LocalTraining
package import Server
package import Wire

/// The learning that a simulation asks for: the broker's slow work and the clients' training, which
/// take no simulated time here.
///
/// Called from the simulation's thread only, in the order of simulated time.
package protocol LearningBackend: AnyObject {
  /// Makes the model of `round`.
  func prepare(round: Int) throws -> PreparedModel
  /// Begins a client's training, or lets it wait until its result is asked for where that isn't
  /// likely.
  func begin(_ task: ClientTask, client: Int, isLikely: Bool) throws -> any PendingUpdate
  /// The number of a client's samples.
  func samples(of client: Int) -> Int
  /// The samples that a client has, as it tells the broker.
  func holding(of client: Int) -> ClientHolding
  /// Has a client keep the memory that came with an update of this name, beside that after `base`,
  /// from which the update was trained.
  func keep(
    _ update: ClientUpdate, of client: Int, as mark: CountedUpdate, after base: CountedUpdate?)
    throws
  /// Checks a client's update and stores it.
  func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) throws -> StoreResult
  /// Aggregates the accepted updates of a round, evaluates if it is due, and books the round.
  func close(_ round: ClosedRound) throws
  /// Makes the model that a round came to ready for clients that evaluate it.
  func prepareEvaluation(round: Int) throws -> PreparedModel
  /// Begins a client's evaluation of a model on what it holds out.
  func beginEvaluation(_ task: ClientTask, client: Int) throws -> any PendingScores
  /// The number of samples that a client holds out.
  func heldOut(of client: Int) -> Int
  /// Adds up the scores of an evaluation by clients, and books its round.
  func conclude(_ evaluation: ClosedEvaluation) throws
  /// The normalization that was made of clients' sums before the run began, as one that extends
  /// another has it; nil for none.
  var normalization: FederatedNormalization? { get }
  /// The sums over a client's training samples.
  func sums(of client: Int) -> LocalSums
  /// Makes one normalization of clients' sums and keeps it; from then on samples are normalized by
  /// it.
  func normalize(_ result: MeasuringResult) throws -> FederatedNormalization
  /// True while it repeats answers of a run that was stopped; observers have heard of these
  /// already.
  var isReplaying: Bool { get }
  /// Writes the files from which the run can go on later.
  func suspend() throws
  /// Books what crossed after the last round, and keeps the model.
  func finish(state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration) throws
}

extension LearningBackend {
  /// None.
  package var normalization: FederatedNormalization? { nil }

  /// As many samples as the client is dealt.
  package func holding(of client: Int) -> ClientHolding { .dealt(samples: samples(of: client)) }
}

/// A training that was begun, or begins when its result is asked for.
package protocol PendingUpdate: Sendable {
  /// Begins it, unless it has begun.
  func begin()
  /// Waits for the training and gives its result; to be called once.
  func outcome() -> TrainingResult
  /// Its result is no longer needed.
  func cancel()
}

/// An evaluation by a client that was begun.
package protocol PendingScores: Sendable {
  /// Waits for the evaluation and gives its result; to be called once.
  func outcome() -> LocalScores
  /// Its result is no longer needed.
  func cancel()
}

/// The result of a client's training.
package enum TrainingResult: Sendable {
  /// An update, described by the offer.
  case trained(Offer, ClientUpdate)
  /// No update.
  case failed(DeclineReason, detail: String)
}

/// A client's encoded update: its bytes, or only how many there would be.
package struct ClientUpdate: Sendable {
  /// The number of its bytes.
  package let length: Int
  /// The bytes; nil under the cost model.
  package let buffer: SharedBuffer?
  /// The memory that the client has if the update counts; nil where clients remember nothing.
  package let memory: ClientMemory?

  /// An update of these bytes.
  package init(_ buffer: SharedBuffer, remembering memory: ClientMemory? = nil) {
    length = buffer.count
    self.buffer = buffer
    self.memory = memory
  }

  /// An update of which only the length is known.
  package init(length: Int) {
    self.length = length
    buffer = nil
    memory = nil
  }
}

extension ClientUpdate: ChunkedUpdate {}
