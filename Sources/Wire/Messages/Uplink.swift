package import Bytes

/// A message of a client, over PUSH.
package enum Uplink: Hashable, Sendable {
  /// Asks to take part.
  case join(Join)
  /// Lacks steps to the announced model, or parts of them.
  case want(worker: UInt64, needs: [Need])
  /// Has an update and asks to send it, or asks again what became of it.
  case offer(Offer)
  /// Sends `length` bytes of its update, as payload.
  case updateChunk(offset: Int, length: Int)
  /// Is alive.
  case heartbeat(Activity)
  /// Goes; a worker that took the client over meanwhile stays.
  case leave(worker: UInt64)
  /// Can't take part in this round.
  case decline(DeclineReason, detail: String)
}

/// Asks to take part in a run.
package struct Join: Hashable, Sendable {
  /// Random, one per worker process.
  package var worker: UInt64
  /// The digest of what both sides must agree on.
  package var plan: Digest
  /// The deepest stage that the client's memory allows; nil for no limit.
  package var maximalStage: Int?
  /// The number of the client's samples, the most that its updates may be trained on; nil if it
  /// doesn't say.
  package var samples: Int?

  /// A request of the given parts.
  package init(worker: UInt64, plan: Digest, maximalStage: Int?, samples: Int? = nil) {
    self.worker = worker
    self.plan = plan
    self.maximalStage = maximalStage
    self.samples = samples
  }
}

/// The parts of one step that a client lacks.
package struct Need: Hashable, Sendable {
  /// The digest of the step's encoded bytes.
  package var digest: Digest
  /// The missing ranges, in rising order; empty for the whole step.
  package var ranges: [Range<Int>]

  /// A lack of `ranges`, or of everything.
  package init(digest: Digest, ranges: [Range<Int>] = []) {
    self.digest = digest
    self.ranges = ranges
  }
}

/// Describes an update that waits to be sent.
package struct Offer: Hashable, Sendable {
  /// The update's bytes.
  package var length: Int
  /// The SHA-256 digest of these bytes.
  package var digest: Digest
  /// The number of samples that it was trained on.
  package var samples: Int
  /// The digest over the states of the segments that it was trained from.
  package var base: Digest
  /// The mean loss over the local training.
  package var loss: Float
  /// The number of optimizer steps.
  package var steps: Int
  /// The number of steps that were skipped because of their loss.
  package var skippedSteps: Int

  /// An offer of the given parts.
  package init(
    length: Int, digest: Digest, samples: Int, base: Digest, loss: Float, steps: Int,
    skippedSteps: Int
  ) {
    self.length = length
    self.digest = digest
    self.samples = samples
    self.base = base
    self.loss = loss
    self.steps = steps
    self.skippedSteps = skippedSteps
  }
}

/// A client's activity.
package enum Activity: Int, Hashable, Sendable, CaseIterable {
  /// Nothing: it wasn't selected, or is done with the round.
  case idle = 1
  /// Waiting for the model.
  case fetching
  /// Training.
  case training
  /// Sending its update.
  case sending
}

/// The reason that a selected client can't take part.
package enum DeclineReason: Int, Hashable, Sendable, Codable, CaseIterable {
  /// No step had a usable loss.
  case diverged = 1
  /// The stage is beyond its memory.
  case tooDeep
  /// It has no samples.
  case noData
  /// Training failed in another way.
  case failed

  /// The reason's name in the ledger and in logs.
  package var name: String {
    switch self {
    case .diverged: "diverged"
    case .tooDeep: "stage too deep"
    case .noData: "no data"
    case .failed: "training failed"
    }
  }
}
