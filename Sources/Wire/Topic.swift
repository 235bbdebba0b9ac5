package import Bytes

/// The first frame of a published message: who should get it.
///
/// Topics match by prefix, so each ends in a delimiter: `c/1/` doesn't match `c/10/`.
package enum Topic: Hashable, Sendable {
  /// Announcements to all.
  case all
  /// One client's mailbox.
  case client(Int)
  /// The chunks of one step, named by the first 16 hexadecimal digits of its digest.
  case step(String)

  /// The topic of a step's chunks.
  package static func step(_ digest: Digest) -> Topic { .step(digest.short) }

  /// The frame's text.
  package var text: String {
    switch self {
    case .all: "a/"
    case .client(let client): "c/\(client)/"
    case .step(let name): "m/\(name)/"
    }
  }

  /// Reads a topic frame; nil if it is none of ours.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    switch parts.first {
    case "a" where parts.count == 2 && parts[1].isEmpty: self = .all
    case "c" where parts.count == 3 && parts[2].isEmpty:
      guard let client = Int(parts[1]), client >= 0, "\(client)" == parts[1] else { return nil }
      self = .client(client)
    case "m" where parts.count == 3 && parts[2].isEmpty:
      guard parts[1].utf8.count == 16 else { return nil }
      self = .step(String(parts[1]))
    default: return nil
    }
  }
}
