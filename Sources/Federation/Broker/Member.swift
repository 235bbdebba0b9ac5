import Wire

/// A client that has joined.
struct Member: Hashable, Sendable {
  /// The worker process that plays it.
  var worker: UInt64
  /// What people would call that worker; nil where nothing is known of it.
  var place: String?
  /// When it was last asked whether it still is there, as another worker wants to play the client.
  var asked: Duration?
  /// Its socket was gone, so that any worker may take over.
  var isGone = false
  /// The deepest stage that its memory allows, as it said when it joined; nil for no limit.
  var declaredStage: Int?
  /// The deepest stage that it can train, 0 for none; nil for no limit.
  var maximalStage: Int?
  /// How many samples it says that it has; nil if it doesn't say.
  var samples: Int?
  /// When it last said something.
  var lastHeard: Duration
  /// The states that it holds as far as is known: those that its last counted update was trained from.
  var states: [UInt64] = []
}

/// A join request that waits for the subscription to its client's mailbox.
struct Knock: Hashable, Sendable {
  /// The request.
  var join: Join
  /// What people would call the worker that asks; nil where nothing is known of it.
  var place: String?
}
