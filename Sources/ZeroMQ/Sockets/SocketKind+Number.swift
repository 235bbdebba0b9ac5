import CZeroMQ
import ZMTP

extension SocketKind {
  /// libzmq's number of the kind.
  var number: CInt {
    switch self {
    case .pair: ZMQ_PAIR
    case .publish: ZMQ_PUB
    case .subscribe: ZMQ_SUB
    case .request: ZMQ_REQ
    case .reply: ZMQ_REP
    case .dealer: ZMQ_DEALER
    case .router: ZMQ_ROUTER
    case .pull: ZMQ_PULL
    case .push: ZMQ_PUSH
    case .xpub: ZMQ_XPUB
    case .xsub: ZMQ_XSUB
    }
  }
}
