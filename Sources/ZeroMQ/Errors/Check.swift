import CZeroMQ
import Glibc

/// The result of a call to libzmq that fails with -1, repeated while signals interrupt it.
@discardableResult
@inline(__always)
func check(
  _ attempt: @autoclosure () -> String, _ call: () -> CInt
) throws(ZMQError) -> CInt {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = zmq_errno()  // before anything that could change errno
    if code != EINTR { throw ZMQError(.init(rawValue: code), attempt: attempt()) }
  }
}

/// The result of a call that must not wait, or nil where it would have had to.
@inline(__always)
func checkWithoutWaiting(
  _ attempt: @autoclosure () -> String, _ call: () -> CInt
) throws(ZMQError) -> CInt? {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = zmq_errno()
    if code == EAGAIN { return nil }
    if code != EINTR { throw ZMQError(.init(rawValue: code), attempt: attempt()) }
  }
}
