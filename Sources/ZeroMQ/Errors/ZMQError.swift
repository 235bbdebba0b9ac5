import CZeroMQ

/// What libzmq or the kernel refused.
package struct ZMQError: Error, Hashable, Sendable {
  /// Why, as an error number.
  package var code: Code
  /// What was tried, with the endpoint or option concerned: "bind to tcp://*:5555".
  package var attempt: String

  /// `attempt` failed with `code`.
  package init(_ code: Code, attempt: String) {
    self.code = code
    self.attempt = attempt
  }

  /// Whether the context was shut down, which ends a loop in good order.
  package var isTermination: Bool { code == .contextTerminated }
}

extension ZMQError: CustomStringConvertible {
  /// What failed, why, and what to do about it where that is known.
  package var description: String {
    let reason = String(cString: zmq_strerror(code.rawValue))
    guard let remedy = code.remedy else { return "Could not \(attempt): \(reason)." }
    return "Could not \(attempt): \(reason). \(remedy)"
  }
}
