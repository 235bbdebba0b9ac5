import Federation
import Measures
import Server
import Wire
import ZMTP
import ZeroMQ

/// The sockets of a broker, bound, with all that watches them; made before anything is kept on
/// disk.
struct BrokerSockets: ~Copyable {
  let control: Socket
  let bulk: Socket
  let updates: Socket
  let monitors: ConnectionMonitors
  let authenticator: Authenticator?
  /// Their addresses, with the ports that `*` became.
  let endpoints: Endpoints

  /// Binds the sockets of a broker whose largest model has `modelBytes` bytes.
  ///
  /// - Throws: `ZMQError` for an address that isn't this machine's or is in use.
  init(
    plan: BrokerPlan, settings: BrokerSettings, modelBytes: Int, in context: Context
  ) throws(ZMQError) {
    let places = settings.endpoints
    // Made before anything is bound: without a handler ZeroMQ would refuse the first connections.
    let authenticator: Authenticator? =
      if let accessControl = settings.security.accessControl {
        try Authenticator(in: context, accessControl)
      } else { nil }
    var publishing = SocketOptions()
    // ZMTP's pings go unseen by this process, so they can't be booked; the protocol has signs of
    // life of its own, and TCP's keep-alive finds dead peers.
    publishing.heartbeat = nil
    publishing.maximumFrame = ByteCount(1024)  // subscriptions are all that arrives
    publishing.security = settings.security.option
    publishing.isIPv6 = places.isIPv6
    publishing.sendHighWaterMark = 1000 + 4 * plan.clients
    let control = try Socket(.xpub, in: context, options: publishing)
    // A slow reader may have two whole models waiting; it asks again for chunks beyond that.
    publishing.sendHighWaterMark = 1024 + 2 * (modelBytes / plan.limits.chunkBytes + 64)
    let bulk = try Socket(.xpub, in: context, options: publishing)
    var pulling = SocketOptions()
    pulling.heartbeat = nil
    pulling.receiveHighWaterMark = 4
    pulling.security = settings.security.option
    pulling.isIPv6 = places.isIPv6
    pulling.maximumFrame = ByteCount(max(plan.limits.chunkBytes, Envelope.maximalBytes))
    let updates = try Socket(.pull, in: context, options: pulling)
    let monitors = ConnectionMonitors(
      control: try control.monitor(), bulk: try bulk.monitor(), updates: try updates.monitor(),
      cost: ZMTPCost(settings.security.mechanism))
    let endpoints = Endpoints(
      control: try control.bind(to: places.control), bulk: try bulk.bind(to: places.bulk),
      updates: try updates.bind(to: places.updates))
    self.control = control
    self.bulk = bulk
    self.updates = updates
    self.monitors = monitors
    self.authenticator = authenticator
    self.endpoints = endpoints
  }
}

/// The ZAP handler of a secured broker's context, and the access control that it asks.
struct Authenticator: ~Copyable {
  private var handler: ZAPHandler
  private let accessControl: AccessControl

  /// The handler of a context; to be made before the sockets are bound.
  init(in context: Context, _ accessControl: AccessControl) throws(ZMQError) {
    handler = try ZAPHandler(in: context)
    self.accessControl = accessControl
  }

  /// Has the loop's poller watch for requests.
  func watch(with poller: inout Poller) { _ = poller.add(handler) }

  /// Answers all requests that wait.
  mutating func serve() throws(ZMQError) { try handler.serve(accessControl.decide) }
}
