import Foundation

/// What a peer reached that connects, floods, and connects again when it is cut off, for a while.
package struct Flood: Sendable {
  /// How often it was cut off.
  package private(set) var cuts = 0
  /// The bytes that it could send.
  package private(set) var sent = 0

  /// Floods `port` as a socket of `kind` for `seconds` with the pieces that `bytes` gives by their
  /// number.
  package init(
    _ port: Int, as kind: String, seconds: Double, _ bytes: (Int) -> [UInt8]
  ) {
    let end = Date().addingTimeInterval(seconds)
    var piece = 0
    while Date() < end {
      guard let peer = RawPeer(to: port), peer.greet(as: kind) else {
        cuts += 1
        Thread.sleep(forTimeInterval: 0.01)
        continue
      }
      while Date() < end {
        let bytes = bytes(piece)
        piece += 1
        guard peer.send(bytes) else {
          cuts += 1
          break
        }
        sent += bytes.count
      }
    }
  }
}
