package import ZMTP
package import ZeroMQ

/// The security of a broker's sockets.
package enum BrokerSecurity: Sendable {
  /// Neither encryption nor authentication: for one machine, or a network that is trusted.
  case open
  /// CURVE with the broker's key pair; the access control knows the workers.
  case curve(CurveKeyPair, AccessControl)

  /// The option of the sockets.
  var option: Security {
    switch self {
    case .open: .none
    case .curve(let pair, _):
      .curveServer(secretKey: pair.secretKey, domain: AccessControl.domain)
    }
  }

  /// The access control that decides about keys; nil where nobody is asked.
  package var accessControl: AccessControl? {
    switch self {
    case .open: nil
    case .curve(_, let accessControl): accessControl
    }
  }

  /// The mechanism, which decides about the cost of connections on the wire.
  package var mechanism: ZMTPCost.Mechanism {
    switch self {
    case .open: .null
    case .curve: .curve
    }
  }
}
