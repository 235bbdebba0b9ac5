/// Why the live page can't be shown.
package enum LiveError: Error, Hashable, CustomStringConvertible {
  /// Other machines could read it, and nothing is encrypted.
  case exposed(String)
  /// Nothing can be served there.
  case unavailable(String, problem: String)

  /// What is wrong, and what to do.
  package var description: String {
    switch self {
    case .exposed(let address):
      """
      \(address): other machines can reach this address, and the page is neither encrypted nor asks who reads it; \
      serve at 127.0.0.1, or say --serve-insecure if you trust the network
      """
    case .unavailable(let address, let problem):
      "\(address): can't serve the live page there (\(problem)); choose another port or address"
    }
  }
}
