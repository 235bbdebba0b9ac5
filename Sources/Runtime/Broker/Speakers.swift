/// The connections over which clients last spoke, so that their end tells that the clients may be
/// gone.
///
/// Subscriptions don't: any worker may listen to any mailbox. Whoever speaks for clients that the
/// run doesn't have is passed over, so that there is nothing to remember of strangers.
package struct Speakers {
  /// The number of the run's clients.
  private let count: Int
  private var descriptors: [Int: CInt] = [:]
  private var clients: [CInt: Set<Int>] = [:]
  /// The connections that are gone, of which messages may still be read.
  private var gone: Set<CInt> = []

  /// Nobody of so many clients has spoken yet.
  package init(clients: Int) { count = clients }

  /// Notes that there is a connection; an earlier one of that descriptor is gone.
  package mutating func accepted(_ descriptor: CInt) { gone.remove(descriptor) }

  /// Notes that a client spoke over a connection; nil within a process, where there are none.
  ///
  /// - Returns: False if that connection is gone by now.
  package mutating func heard(_ client: Int, over descriptor: CInt?) -> Bool {
    guard let descriptor else { return true }
    guard !gone.contains(descriptor) else { return false }
    guard (0..<count).contains(client) else { return true }
    guard descriptors[client] != descriptor else { return true }
    if let old = descriptors.updateValue(descriptor, forKey: client) {
      clients[old]?.remove(client)
    }
    clients[descriptor, default: []].insert(client)
    return true
  }

  /// Notes that a connection is gone.
  ///
  /// - Returns: The clients that last spoke over it, in rising order.
  package mutating func lose(_ descriptor: CInt) -> [Int] {
    gone.insert(descriptor)
    let lost = clients.removeValue(forKey: descriptor)?.sorted() ?? []
    for client in lost { descriptors[client] = nil }
    return lost
  }
}
