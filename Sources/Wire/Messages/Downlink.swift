package import Bytes
package import Codecs
import Foundation
import SwiftProtobuf

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
  /// Carries `length` bytes of the plan, as payload.
  case planChunk(PlanChunk)
  /// The broker has what the client reported.
  case noted(ClientReport)
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
  /// The normalization that was made of all clients' sums; nil where the plan says it, or it isn't
  /// known yet.
  package var normalization: FederatedNormalization?

  /// A welcome of the given parts.
  package init(
    seed: UInt64, rounds: Int, announceInterval: Int, chunkBytes: Int, staleRounds: Int = 0,
    normalization: FederatedNormalization? = nil
  ) {
    self.seed = seed
    self.rounds = rounds
    self.announceInterval = announceInterval
    self.chunkBytes = chunkBytes
    self.staleRounds = staleRounds
    self.normalization = normalization
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
    /// Having the selected clients evaluate the model that the round came to.
    case evaluating
    /// Having the selected clients report sums over their samples.
    case measuring
    /// Opening no round, as it was told.
    case paused
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
  /// The clients that are to train, evaluate or report, in rising order.
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
  /// The stages that selected clients are asked to train; all that its memory allows for others.
  package var depths: [Int: Int]
  /// The last update of each selected client that counts, which says what the client remembers;
  /// nil where it isn't told.
  package var counted: [Int: CountedUpdate]?

  /// An announcement of the given parts; the base follows from the segments if they are listed.
  package init(
    sequence: UInt64, state: State, warmUp: Bool, remaining: Int, learningRate: Float,
    newBlockRate: Float = 1, selected: [Int], segments: [Segment], updateCodec: CodecSpec,
    base: Digest? = nil, shallowHeads: [Segment] = [], depths: [Int: Int] = [:],
    counted: [Int: CountedUpdate]? = nil
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
    self.depths = depths
    self.counted = counted
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
  /// Whoever runs the broker excluded the client.
  case evicted

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
    case .evicted: "evicted"
    }
  }
}

extension Envelope {
  /// The protobuf form of the broker's message.
  static func schema(_ message: Message<Downlink>) -> Schema {
    var schema = Schema(header: message.header)
    switch message.body {
    case .welcome(let welcome):
      schema.welcome = .with {
        $0.seed = welcome.seed
        $0.rounds = UInt32(welcome.rounds)
        $0.announceMilliseconds = UInt32(welcome.announceInterval)
        $0.chunkBytes = UInt32(welcome.chunkBytes)
        $0.staleRounds = UInt32(welcome.staleRounds)
        if let normalization = welcome.normalization {
          $0.means = normalization.means
          $0.deviations = normalization.deviations
        }
      }
    case .announce(let announce): schema.announce = self.schema(announce)
    case .modelChunk(let step, let offset, _):
      schema.modelChunk = .with {
        $0.step = step
        $0.offset = UInt64(offset)
      }
    case .grant(let range): schema.grant = .with { $0.range = range.schema }
    case .acknowledge(let acknowledgement):
      schema.acknowledge = .with {
        switch acknowledgement {
        case .accepted: $0.status = .accepted
        case .duplicate: $0.status = .duplicate
        case .incomplete(let missing):
          $0.status = .incomplete
          $0.missing = missing.map(\.schema)
        }
      }
    case .refuse(let reason, let retry, let detail):
      schema.refuse = .with {
        $0.reason = .init(rawValue: reason.rawValue) ?? .unspecified
        $0.retryMilliseconds = UInt32(retry ?? 0)
        $0.detail = limited(detail)
      }
    case .closed(let accepted): schema.closed = .with { $0.accepted = UInt32(accepted) }
    case .finished(let complete): schema.finished = .with { $0.complete = complete }
    case .planChunk(let chunk):
      schema.planChunk = .with {
        $0.digest = chunk.digest.data
        $0.length = UInt64(chunk.total)
        $0.offset = UInt64(chunk.offset)
      }
    case .noted(let report):
      schema.noted = .with { $0.report = .init(rawValue: report.rawValue) ?? .unspecified }
    }
    return schema
  }

  private static func schema(_ announce: Announce) -> Progfed_V1_Announce {
    .with {
      $0.sequence = announce.sequence
      $0.state = .init(rawValue: announce.state.rawValue) ?? .unspecified
      $0.warmUp = announce.warmUp
      // A round may be given a year, of which the field holds seven weeks.
      $0.remainingMilliseconds = UInt32(clamping: announce.remaining)
      $0.learningRate = announce.learningRate
      if announce.newBlockRate != 1 { $0.entryRate = announce.newBlockRate }
      var previous = -1
      for client in announce.selected {
        $0.selectedGaps.append(UInt32(client - previous))
        previous = client
      }
      $0.depths = schema(announce.depths, of: announce.selected)
      if let counted = announce.counted { $0.counted = schema(counted, of: announce.selected) }
      $0.segments = announce.segments.map(schema)
      $0.segments += announce.shallowHeads.map { head in
        var schema = schema(head)
        schema.shallow = true
        return schema
      }
      $0.updateCodec = announce.updateCodec.description
      if announce.segments.isEmpty, announce.base != Segment.base(of: []) {
        $0.base = announce.base.data
      }
    }
  }

  private static func schema(_ segment: Segment) -> Progfed_V1_Segment {
    .with {
      $0.name = segment.name
      $0.trained = segment.trained
      $0.state = segment.state.data
      $0.steps = segment.steps.map { step in
        .with {
          $0.digest = step.digest.data
          $0.length = UInt64(step.length)
          $0.codec = step.codec.description
          if let from = step.from { $0.from = from }
          if step.to != segment.state.prefix { $0.to = step.to }
        }
      }
    }
  }

  /// Checks the broker's message field by field.
  static func message(_ schema: Schema, payload: Int) throws(WireError) -> Message<Downlink> {
    let header = try schema.header()
    guard let body = schema.body else { throw .body }
    if case .modelChunk(let chunk) = body {
      let offset = try count(chunk.offset, "offset")
      guard payload > 0 else { throw .payload(count: payload) }
      return Message(
        header, .modelChunk(step: chunk.step, offset: offset, length: payload))
    }
    if case .planChunk(let chunk) = body {
      guard payload > 0 else { throw .payload(count: payload) }
      return Message(header, .planChunk(try PlanChunk(chunk, payload: payload)))
    }
    guard payload == 0 else { throw .payload(count: payload) }
    return try Message(header, downlink(body))
  }

  private static func downlink(_ body: Schema.OneOf_Body) throws(WireError) -> Downlink {
    switch body {
    case .welcome(let welcome):
      guard welcome.chunkBytes > 0, welcome.chunkBytes <= 1 << 26 else {
        throw .field("chunk_bytes")
      }
      return .welcome(
        Welcome(
          seed: welcome.seed, rounds: Int(welcome.rounds),
          announceInterval: Int(welcome.announceMilliseconds),
          chunkBytes: Int(welcome.chunkBytes), staleRounds: Int(welcome.staleRounds),
          normalization: try FederatedNormalization(welcome)))
    case .announce(let announce): return .announce(try self.announce(announce))
    case .grant(let grant): return .grant(try range(grant.range))
    case .acknowledge(let acknowledge):
      switch acknowledge.status {
      case .accepted: return .acknowledge(.accepted)
      case .duplicate: return .acknowledge(.duplicate)
      case .incomplete: return .acknowledge(.incomplete(try ranges(acknowledge.missing)))
      case .unspecified, .UNRECOGNIZED: throw .field("status")
      }
    case .refuse(let refuse):
      guard let reason = RefusalReason(rawValue: refuse.reason.rawValue) else {
        throw .field("reason")
      }
      guard refuse.detail.utf8.count <= maximalText else { throw .field("detail") }
      let retry = refuse.retryMilliseconds
      return .refuse(reason, retry: retry == 0 ? nil : Int(retry), detail: refuse.detail)
    case .closed(let closed): return .closed(accepted: Int(closed.accepted))
    case .finished(let finished): return .finished(complete: finished.complete)
    case .noted(let noted):
      guard let report = ClientReport(rawValue: noted.report.rawValue) else {
        throw .field("report")
      }
      return .noted(report)
    default: throw .body  // a client's message
    }
  }

  private static func announce(_ schema: Progfed_V1_Announce) throws(WireError) -> Announce {
    guard let state = Announce.State(rawValue: schema.state.rawValue) else {
      throw .field("state")
    }
    guard schema.learningRate.isFinite, schema.learningRate >= 0 else {
      throw .field("learning_rate")
    }
    let newBlockRate = schema.entryRate == 0 ? 1 : schema.entryRate
    guard newBlockRate > 0, newBlockRate <= 1 else { throw .field("entry_rate") }
    var selected: [Int] = []
    var client = -1
    for gap in schema.selectedGaps {
      guard gap > 0 else { throw .field("selected_gaps") }
      client += Int(gap)
      selected.append(client)
    }
    guard client <= maximalClient else { throw .field("selected_gaps") }
    guard schema.segments.count <= maximalSegments else { throw .field("segments") }
    var segments: [Segment] = []
    for segment in schema.segments { segments.append(try self.segment(segment)) }
    guard schema.updateCodec.utf8.count <= maximalText,
      let updateCodec = CodecSpec(schema.updateCodec)
    else { throw .field("update_codec") }
    // The model's segments come first: what names the model is their states in this order.
    let count = schema.segments.firstIndex(where: \.shallow) ?? segments.count
    guard schema.segments[count...].allSatisfy(\.shallow) else { throw .field("segments") }
    return Announce(
      sequence: schema.sequence, state: state, warmUp: schema.warmUp,
      remaining: Int(schema.remainingMilliseconds), learningRate: schema.learningRate,
      newBlockRate: newBlockRate, selected: selected, segments: Array(segments[..<count]),
      updateCodec: updateCodec,
      base: schema.base.isEmpty || count > 0 ? nil : try digest(schema.base, "base"),
      shallowHeads: Array(segments[count...]), depths: try depths(schema.depths, of: selected),
      counted: schema.hasCounted ? try counted(schema.counted, of: selected) : nil)
  }

  private static func segment(_ schema: Progfed_V1_Segment) throws(WireError) -> Segment {
    guard schema.name.utf8.count <= maximalText, schema.steps.count <= maximalSteps else {
      throw .field("segments")
    }
    let state = try digest(schema.state, "segments")
    var steps: [ModelPatch] = []
    for step in schema.steps {
      guard step.codec.utf8.count <= maximalText, let codec = PatchCodec(step.codec),
        codec != .initial || !step.hasFrom
      else { throw .field("steps") }
      steps.append(
        ModelPatch(
          digest: try digest(step.digest, "steps"), length: try count(step.length, "steps"),
          codec: codec, from: step.hasFrom ? step.from : nil,
          to: step.hasTo ? step.to : state.prefix))
    }
    return Segment(name: schema.name, state: state, trained: schema.trained, steps: steps)
  }
}
