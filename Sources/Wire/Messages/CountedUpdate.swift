import Bytes
import SwiftProtobuf

/// An update that counts, by which a client's memory is named: the one that came with it.
package struct CountedUpdate: Hashable, Sendable, Codable {
  /// The round for which it was trained, from 1.
  package var round: Int
  /// The first 8 bytes of its digest.
  package var digest: UInt64

  /// The update for `round` whose digest begins so.
  package init(round: Int, digest: UInt64) {
    self.round = round
    self.digest = digest
  }

  /// The update for `round` that this offer describes.
  package init(_ offer: Offer, round: Int) {
    self.init(round: round, digest: offer.digest.prefix)
  }
}

extension Envelope {
  /// The last updates that count, in the order of the selected clients.
  static func schema(
    _ counted: [Int: CountedUpdate], of selected: [Int]
  ) -> Progfed_V1_Announce.Counted {
    let updates = selected.map { counted[$0] }
    return .with {
      $0.rounds = updates.map { UInt32($0?.round ?? 0) }
      $0.updates = updates.compactMap { $0?.digest }
    }
  }

  /// Checks the last updates that count: a round for each selected client, and a digest for each
  /// update that there is.
  static func counted(
    _ schema: Progfed_V1_Announce.Counted, of selected: [Int]
  ) throws(WireError) -> [Int: CountedUpdate] {
    let known = zip(selected, schema.rounds).filter { $0.1 > 0 }
    guard schema.rounds.count == selected.count, schema.updates.count == known.count else {
      throw .field("counted")
    }
    var counted: [Int: CountedUpdate] = [:]
    for ((client, round), digest) in zip(known, schema.updates) {
      counted[client] = CountedUpdate(round: Int(round), digest: digest)
    }
    return counted
  }
}
