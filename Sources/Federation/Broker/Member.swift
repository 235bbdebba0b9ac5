/// A client that has joined.
struct Member: Hashable, Sendable {
  /// The worker process that plays it; nil once its socket was gone, so that any may take over.
  var worker: UInt64?
  /// The deepest stage that its memory allows; nil for no limit.
  var maximalStage: Int?
  /// When it last said something.
  var lastHeard: Duration
  /// The states that it holds as far as is known: those that its last counted update was trained from.
  var states: [UInt64] = []
}
