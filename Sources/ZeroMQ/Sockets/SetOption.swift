import CZeroMQ

/// Sets an option that is a C `int`.
func setOption(
  _ option: CInt, _ value: CInt, of socket: UnsafeMutableRawPointer,
  _ name: @autoclosure () -> String
) throws(ZMQError) {
  var value = value
  try check("set \(name()) to \(value)") {
    zmq_setsockopt(socket, option, &value, MemoryLayout<CInt>.size)
  }
}

/// Sets an option that is a 64-bit integer.
func setOption(
  _ option: CInt, wide value: Int64, of socket: UnsafeMutableRawPointer,
  _ name: @autoclosure () -> String
) throws(ZMQError) {
  var value = value
  try check("set \(name()) to \(value)") {
    zmq_setsockopt(socket, option, &value, MemoryLayout<Int64>.size)
  }
}

/// Sets an option that is a string of bytes; the bytes are not shown in errors.
func setOption(
  _ option: CInt, _ bytes: [UInt8], of socket: UnsafeMutableRawPointer,
  _ attempt: @autoclosure () -> String
) throws(ZMQError) {
  try check(attempt()) { zmq_setsockopt(socket, option, bytes, bytes.count) }
}
