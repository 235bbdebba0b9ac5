/// A header and what is said under it; a chunk's bytes travel beside it as the payload.
package struct Message<Body: Hashable & Sendable>: Hashable, Sendable {
  /// Whose message it is, and of which round.
  package var header: Header
  /// What it says.
  package var body: Body

  /// A message of the given parts.
  package init(_ header: Header, _ body: Body) {
    self.header = header
    self.body = body
  }
}
