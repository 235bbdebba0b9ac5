import Foundation

/// The places where clients keep their samples: one path, or one with `{client}` in it for several.
package struct ClientPaths: Hashable, Sendable {
  /// The part of a path that stands for a client's number.
  package static let mark = "{client}"

  /// The path as it was given.
  package let pattern: String

  /// Places by `pattern`, for the clients that this process plays.
  ///
  /// - Throws: ``ClientPathsError`` where several clients would share one path.
  package init(_ pattern: String, clients: [Int]) throws(ClientPathsError) {
    guard !pattern.isEmpty else { throw .empty }
    guard clients.count < 2 || pattern.contains(Self.mark) else {
      throw .shared(pattern: pattern, clients: clients.count)
    }
    self.pattern = pattern
  }

  /// The path of a client's samples.
  package subscript(client: Int) -> String { pattern.replacing(Self.mark, with: String(client)) }
}

/// A reason for which a path doesn't say where each client's samples are.
package enum ClientPathsError: Error, Hashable, Sendable {
  /// The path has no letters.
  case empty
  /// Several clients would have the same samples.
  case shared(pattern: String, clients: Int)
}

extension ClientPathsError: CustomStringConvertible {
  /// The fault, and the remedy.
  package var description: String {
    switch self {
    case .empty: "the path of the clients' samples is empty; write one, as in scans"
    case .shared(let pattern, let clients):
      "\(pattern): \(clients) clients would share these samples; write \(ClientPaths.mark) for a client's "
        + "number, as in '\(pattern)/\(ClientPaths.mark)', or play one client"
    }
  }
}
