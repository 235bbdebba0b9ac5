import Wire

/// A worker's connection to the broker: its three sockets taken as one.
struct Connection {
  /// The client whose worker connected.
  let client: Int
  /// The broker's incarnation that it leads to.
  let epoch: Int
  /// The topics that the broker knows it listens to, in the order of their notices.
  var known: [Topic] = []
  /// Whether both sides still take it for open.
  var isOpen = true
  /// When the last notice arrives; later ones don't overtake it, nor do the messages of each kind.
  var lastNotice: Duration = .zero
  /// When the last message of the client arrives.
  var lastUp: Duration = .zero
  /// When the last message on the control socket arrives.
  var lastControl: Duration = .zero
  /// When the last chunk on the bulk socket arrives.
  var lastBulk: Duration = .zero
}
