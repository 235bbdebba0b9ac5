package import Wire

/// The bytes of updates that clients were asked for and that haven't come yet.
///
/// A client is asked for bytes by GRANT, and by ACKNOWLEDGE with the ranges that are missing. One
/// that keeps to the protocol never sends others; copies of what it is asked for twice are asked
/// for. Other bytes are no part of an update, and bounded like messages.
package struct AskedBytes: Hashable, Sendable {
  private struct Account: Hashable {
    /// The bytes that may still come.
    var open = 0
    /// The bytes of the update that was granted last.
    var granted = 0
  }

  private var accounts: [Int: Account] = [:]

  /// Nothing was asked for yet.
  package init() {}

  /// Takes note of what a message asks its client for: no more is open than two copies of what was
  /// granted.
  package mutating func note(_ message: Message<Downlink>) {
    guard let client = message.header.client else { return }
    switch message.body {
    case .grant(let range):
      accounts[client, default: Account()].granted = range.count
      ask(client, for: range.count)
    case .acknowledge(.incomplete(let ranges)):
      ask(client, for: ranges.reduce(0) { $0 + $1.count })
    default: break
    }
  }

  private mutating func ask(_ client: Int, for bytes: Int) {
    guard var account = accounts[client] else { return }
    account.open = min(account.open + bytes, 2 * account.granted)
    accounts[client] = account
  }

  /// Takes in a chunk of `length` bytes of a client: true if it was asked for.
  package mutating func take(_ length: Int, of client: Int) -> Bool {
    guard let open = accounts[client]?.open, length <= open else { return false }
    accounts[client]?.open = open - length
    return true
  }
}
