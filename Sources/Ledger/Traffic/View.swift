/// From where traffic is looked at; both views are kept.
///
/// They coincide when each client is its own worker. Where one worker plays many clients over one
/// connection, a broadcast crosses the socket once and the link of each playing client once.
public enum View: String, CaseIterable, Codable, Hashable, Sendable {
  /// What each client's own link carries.
  case client
  /// What the process's connections carry: it must equal the kernel's count.
  case socket
}
