import Bytes
import CZeroMQ

/// The loops of a program in C over libzmq, to compare ours with.
enum RawTransport {
  /// Sends `buffer` as a message, `count` times, without copying it.
  static func send(
    _ buffer: SharedBuffer, count: Int, on socket: UnsafeMutableRawPointer
  ) throws(ZMQError) {
    var message = zmq_msg_t()
    for _ in 0..<count {
      let owner = Unmanaged.passRetained(buffer)
      zmq_msg_init_data(
        &message, buffer.address, buffer.count,
        { _, hint in
          guard let hint else { return }
          Unmanaged<SharedBuffer>.fromOpaque(hint).release()
        }, owner.toOpaque())
      try check("send") { zmq_msg_send(&message, socket, 0) }
    }
  }

  /// The time to receive `count` messages after a first one.
  static func timeReception(
    of count: Int, on socket: UnsafeMutableRawPointer
  ) throws(ZMQError) -> Duration {
    var message = zmq_msg_t()
    zmq_msg_init(&message)
    try check("receive") { zmq_msg_recv(&message, socket, 0) }
    let start = ContinuousClock.now
    for _ in 0..<count { try check("receive") { zmq_msg_recv(&message, socket, 0) } }
    let elapsed = ContinuousClock.now - start
    zmq_msg_close(&message)
    return elapsed
  }
}
