/// A client that has joined.
struct Member: Hashable, Sendable {
  /// The worker process that plays it.
  var worker: UInt64
  /// The deepest stage that its memory allows; nil for no limit.
  var maximalStage: Int?
  /// How many samples it has.
  var samples: Int
  /// When it last said something.
  var lastHeard: Duration
}
