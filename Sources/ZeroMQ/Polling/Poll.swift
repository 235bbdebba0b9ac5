import CZeroMQ
import Glibc

/// Waits until one of `count` items is ready; the result is how many are, 0 after `limit` or a signal.
func poll(
  _ items: UnsafeMutablePointer<zmq_pollitem_t>, count: Int, atMost limit: Duration?
) throws(ZMQError) -> Int {
  let milliseconds = limit.map { Int($0.wholeMilliseconds) } ?? -1
  let ready = zmq_poll(items, CInt(count), milliseconds)
  if ready >= 0 { return Int(ready) }
  let code = zmq_errno()
  // A signal ends the wait, so that the loop can look at what its handler left.
  if code == EINTR { return 0 }
  throw ZMQError(.init(rawValue: code), attempt: "poll \(count) sockets")
}
