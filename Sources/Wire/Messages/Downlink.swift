package import Bytes
package import Codecs

/// A message of the broker, over PUB.
package enum Downlink: Hashable, Sendable {
  /// Takes a client in.
  case welcome(Welcome)
  /// Says what the current round is.
  case announce(Announce)
  /// Carries `length` bytes of a step, as payload; `step` is the digest's first 8 bytes.
  case modelChunk(step: UInt64, offset: Int, length: Int)
  /// Lets a client send this range of its update.
  case grant(Range<Int>)
  /// Says what became of an update.
  case acknowledge(Acknowledgement)
  /// Doesn't take what a client asked for; `retry` is in milliseconds, nil for never.
  case refuse(RefusalReason, retry: Int?, detail: String)
  /// The round is over.
  case closed(accepted: Int)
  /// The run is over, or its broker was stopped and may come back.
  case finished(complete: Bool)
}

/// Takes a client in.
package struct Welcome: Hashable, Sendable {
  /// The run's seed.
  package var seed: UInt64
  /// The rounds of the whole run.
  package var rounds: Int
  /// The time between announcements, in milliseconds.
  package var announceInterval: Int
  /// The largest payload of a chunk, in bytes.
  package var chunkBytes: Int
  /// For how many rounds after the one that it was trained for an update may count; 0 for none.
  package var staleRounds: Int

  /// A welcome of the given parts.
  package init(
    seed: UInt64, rounds: Int, announceInterval: Int, chunkBytes: Int, staleRounds: Int = 0
  ) {
    self.seed = seed
    self.rounds = rounds
    self.announceInterval = announceInterval
    self.chunkBytes = chunkBytes
    self.staleRounds = staleRounds
  }
}

/// Says what the current round is.
package struct Announce: Hashable, Sendable {
  /// The broker's state.
  package enum State: Int, Hashable, Sendable, CaseIterable {
    /// Waiting for clients.
    case waiting = 1
    /// Taking updates.
    case open
    /// Aggregating them.
    case closing
  }

  /// Counts the announcements of this epoch.
  package var sequence: UInt64
  /// The broker's state.
  package var state: State
  /// Only the newest block and its head are trained.
  package var warmUp: Bool
  /// The time that is left of the round, in milliseconds.
  package var remaining: Int
  /// The clients' learning rate.
  package var learningRate: Float
  /// The factor of the newest block's and head's learning rate, in (0, 1].
  package var newBlockRate: Float
  /// The clients that are to train, in rising order.
  package var selected: [Int]
  /// The model's segments in order: block 1 to the newest, then the head; none where they aren't
  /// listed.
  package var segments: [Segment]
  /// The codec of the updates.
  package var updateCodec: CodecSpec
  /// Names the model that updates are trained from: the digest over its segments' states.
  package var base: Digest
  /// The heads of earlier stages that clients with little memory train, in the order of the stages.
  package var shallowHeads: [Segment]

  /// An announcement of the given parts; the base follows from the segments if they are listed.
  package init(
    sequence: UInt64, state: State, warmUp: Bool, remaining: Int, learningRate: Float,
    newBlockRate: Float = 1, selected: [Int], segments: [Segment], updateCodec: CodecSpec,
    base: Digest? = nil, shallowHeads: [Segment] = []
  ) {
    self.sequence = sequence
    self.state = state
    self.warmUp = warmUp
    self.remaining = remaining
    self.learningRate = learningRate
    self.newBlockRate = newBlockRate
    self.selected = selected
    self.segments = segments
    self.updateCodec = updateCodec
    self.base = base ?? Segment.base(of: segments)
    self.shallowHeads = shallowHeads
  }
}

/// The broker's answer to an update.
package enum Acknowledgement: Hashable, Sendable {
  /// It is stored durably and counts.
  case accepted
  /// One of this client and round was counted before.
  case duplicate
  /// These ranges are missing.
  case incomplete([Range<Int>])
}

/// The reason that the broker refuses a client's message.
package enum RefusalReason: Int, Hashable, Sendable, Codable, CaseIterable {
  /// The round is over, or not yet open.
  case staleRound = 1
  /// The client wasn't selected.
  case notSelected
  /// The update is longer than any of this round can be.
  case tooLarge
  /// The update was trained from another model.
  case wrongBase
  /// The bytes don't have the digest that was offered.
  case wrongDigest
  /// The bytes don't decode.
  case malformed
  /// A number is infinite or not a number.
  case notFinite
  /// The update's norm is beyond the limit.
  case tooFar
  /// There is no room now.
  case overloaded
  /// Model, data, training or codecs differ from the broker's.
  case wrongPlan
  /// Another worker plays this client, or there is no such client.
  case wrongClient
  /// The authenticated identity isn't this client's.
  case notAuthorized

  /// The reason's name in the ledger and in logs.
  package var name: String {
    switch self {
    case .staleRound: "stale round"
    case .notSelected: "not selected"
    case .tooLarge: "too large"
    case .wrongBase: "wrong base model"
    case .wrongDigest: "wrong digest"
    case .malformed: "malformed update"
    case .notFinite: "not finite"
    case .tooFar: "norm beyond the limit"
    case .overloaded: "overloaded"
    case .wrongPlan: "wrong plan"
    case .wrongClient: "wrong client"
    case .notAuthorized: "not authorized"
    }
  }
}
