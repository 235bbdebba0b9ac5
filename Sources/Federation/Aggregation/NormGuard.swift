package import Codecs

/// Tells updates that lie too far from the model: further than a multiple of what those before did.
///
/// An update is measured by its norm ‖Δ‖, and by how far its client's steps can lead along
/// gradients of 1, its *reach*. Norms of one ``Kind`` are compared alone, as a new stage, warm-up
/// or another codec gives other ones. The limit for an update of reach r is
///
///     multiple · median over the accepted updates i of the rounds before: ‖Δᵢ‖ · max(1, r / rᵢ)
///
/// so that a client with more samples, or at a higher learning rate, may go further. While fewer
/// than ``enough`` are known of a kind there is room: up to the multiple of the norm of the values
/// that are trained, or of 1 if that is more. The updates of the open round change nothing, so that
/// the order in which they come doesn't matter.
package struct NormGuard: Hashable, Sendable, Codable {
  /// A kind of updates; norms are compared within it alone.
  package struct Kind: Hashable, Sendable, Codable {
    /// The step of the strategy for which they were trained, from 1: the stage where the model
    /// grows.
    package var step: Int
    /// True if only the newest block and head were.
    package var warmUp: Bool
    /// Their codec; some make norms larger.
    package var codec: CodecSpec
    /// The blocks that were trained where others waited for their turns; nil where none did.
    package var blocks: [Int]?

    /// A kind of the given parts.
    package init(step: Int, warmUp: Bool, codec: CodecSpec, blocks: [Int]? = nil) {
      self.step = step
      self.warmUp = warmUp
      self.codec = codec
      self.blocks = blocks
    }
  }

  /// An update, as far as it is measured.
  package struct Measure: Hashable, Sendable, Codable {
    /// The kind whose updates it is compared with.
    package var kind: Kind
    /// Its norm, ‖Δ‖.
    package var norm: Double
    /// The reach of its client's steps.
    package var reach: Double

    /// A measure of the given parts.
    package init(kind: Kind, norm: Double, reach: Double) {
      self.kind = kind
      self.norm = norm
      self.reach = reach
    }
  }

  /// The least number of accepted updates of a kind whose median is the measure.
  package static let enough = 8
  /// The number of the last accepted updates of a kind that are remembered.
  package static let memory = 128
  /// The number of kinds that are remembered; those of late updates are among the last ones.
  private static let kinds = 8
  /// The multiple where nothing else is said.
  package static let standardMultiple = 10.0

  /// The last accepted updates by kind, the kind that was seen last at the end.
  private var accepted: [Known] = []

  /// The remembered norms of a kind.
  private struct Known: Hashable, Codable {
    var kind: Kind
    var norms: [Double] = []
    var reaches: [Double] = []
  }

  /// A guard that has seen nothing.
  package init() {}

  /// Holds an update against those before; nil if it isn't too far.
  ///
  /// - Parameters:
  ///   - update: The update.
  ///   - multiple: The largest multiple of the median.
  ///   - start: The norm of the values that were trained.
  /// - Returns: The limit that it exceeds.
  package func objection(
    to update: Measure, beyond multiple: Double, start: @autoclosure () -> Double
  ) -> Objection? {
    let known = accepted.first { $0.kind == update.kind }
    guard let known, known.norms.count >= Self.enough else {
      let limit = multiple * max(start(), 1)
      return update.norm <= limit ? nil : Objection(limit: limit, known: nil)
    }
    let likely = zip(known.norms, known.reaches).map { norm, reach in
      if update.reach <= reach { return norm }
      return reach > 0 ? norm * (update.reach / reach) : .infinity
    }.sorted()
    let middle = likely.count / 2
    let median =
      likely.count.isMultiple(of: 2)
      ? (likely[middle - 1] + likely[middle]) / 2 : likely[middle]
    let limit = multiple * median
    return update.norm <= limit ? nil : Objection(limit: limit, known: likely.count)
  }

  /// Takes in the updates that count in a round, in the order of the clients' numbers.
  package mutating func note(_ updates: [Measure]) {
    for update in updates where update.norm > 0 {
      var known = Known(kind: update.kind)
      if let place = accepted.firstIndex(where: { $0.kind == update.kind }) {
        known = accepted.remove(at: place)
      }
      known.norms = known.norms.suffix(Self.memory - 1) + [update.norm]
      known.reaches = known.reaches.suffix(Self.memory - 1) + [update.reach]
      accepted.append(known)
    }
    accepted.removeFirst(max(0, accepted.count - Self.kinds))
  }

  /// The reason for which an update is too far.
  package struct Objection: Hashable, Sendable {
    /// The largest norm that it might have had.
    package var limit: Double
    /// The number of updates of which it is the median; nil in the first rounds of a stage, when
    /// there are too few.
    package var known: Int?
  }
}
