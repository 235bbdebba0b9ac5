/// The head of a request, as far as the live page needs it.
package struct HTTPRequest: Hashable, Sendable {
  /// A request's method.
  package enum Method: Hashable, Sendable {
    /// Asks for a page.
    case get
    /// Asks for the head of a page's answer.
    case head
    /// Asks for what isn't served.
    case other
  }

  /// Its method.
  package var method: Method
  /// Its target up to a question mark; begins with a slash.
  package var path: String
  /// Its Host field, with the port; nil without one, as HTTP/1.0 allows.
  package var host: String?

  /// A request.
  package init(method: Method, path: String, host: String? = nil) {
    self.method = method
    self.path = path
    self.host = host
  }
}

/// The status of an answer: those that the live page gives.
package enum HTTPStatus: Int, Hashable, Sendable {
  case ok = 200
  case noContent = 204
  case badRequest = 400
  case forbidden = 403
  case notFound = 404
  case methodNotAllowed = 405
  case requestTimeout = 408
  case contentTooLarge = 413
  case fieldsTooLarge = 431
  case unavailable = 503
  case versionNotSupported = 505

  /// The words that follow the number, from RFC 9110 and RFC 6585.
  var reason: String {
    switch self {
    case .ok: "OK"
    case .noContent: "No Content"
    case .badRequest: "Bad Request"
    case .forbidden: "Forbidden"
    case .notFound: "Not Found"
    case .methodNotAllowed: "Method Not Allowed"
    case .requestTimeout: "Request Timeout"
    case .contentTooLarge: "Content Too Large"
    case .fieldsTooLarge: "Request Header Fields Too Large"
    case .unavailable: "Service Unavailable"
    case .versionNotSupported: "HTTP Version Not Supported"
    }
  }
}
