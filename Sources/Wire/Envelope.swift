import Bytes
import Foundation
import SwiftProtobuf

/// The envelope frame: signature, version, checksum, then the header and body as protobuf.
///
/// Layout: `50 46` ("PF"), the protocol's version, a zero, the CRC-32C of all that follows and of
/// the payload frame (little-endian), then the `Envelope` of progfed.proto.
package enum Envelope {
  /// The protocol's version.
  package static let version = 1
  /// The number of bytes before the protobuf message.
  package static let preamble = 8
  /// The largest envelope that is read: room for an announcement with 100,000 clients.
  package static let maximalBytes = 1 << 20

  /// The frame of an uplink message that has no payload.
  package static func frame(_ message: Message<Uplink>) -> [UInt8] {
    // SAFETY: an empty buffer is never read.
    unsafe frame(message, payload: UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The frame of a downlink message that has no payload.
  package static func frame(_ message: Message<Downlink>) -> [UInt8] {
    // SAFETY: an empty buffer is never read.
    unsafe frame(message, payload: UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The frame of an uplink message with `payload` beside it.
  package static func frame(
    _ message: Message<Uplink>, payload: UnsafeRawBufferPointer
  ) -> [UInt8] {
    unsafe seal(schema(message), payload: payload)
  }

  /// The frame of a downlink message with `payload` beside it.
  package static func frame(
    _ message: Message<Downlink>,
    payload: UnsafeRawBufferPointer
  ) -> [UInt8] {
    unsafe seal(schema(message), payload: payload)
  }

  /// The client and worker of a message that `error` keeps from being read; nil if its header names
  /// no client.
  package static func fault(
    of frame: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, _ error: WireError
  ) -> UplinkFault? {
    // What doesn't parse, or was damaged on the way, may be of anybody.
    guard let schema = try? unsafe open(frame, payload: payload) else { return nil }
    return fault(schema, error)
  }

  /// Reads what a client sent; `payload` is empty when there was no such frame.
  package static func uplink(
    _ frame: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(WireError) -> Message<Uplink> {
    try message(unsafe open(frame, payload: payload), payload: payload.count)
  }

  /// Reads what the broker sent; `payload` is empty when there was no such frame.
  package static func downlink(
    _ frame: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(WireError) -> Message<Downlink> {
    try message(unsafe open(frame, payload: payload), payload: payload.count)
  }

  private static func seal(_ envelope: Schema, payload: UnsafeRawBufferPointer) -> [UInt8] {
    // Serializing fails only for required fields and messages beyond 2 GiB; we have neither.
    let body: [UInt8] = (try? envelope.serializedBytes()) ?? []
    let checksum = unsafe CRC32C.checksum(payload, from: CRC32C.checksum(body))
    var frame: [UInt8] = [0x50, 0x46, UInt8(version), 0]
    frame.reserveCapacity(preamble + body.count)
    frame.append(littleEndian: checksum)
    frame.append(contentsOf: body)
    return frame
  }

  private static func open(
    _ frame: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(WireError) -> Schema {
    guard frame.count >= preamble, unsafe frame[0] == 0x50, unsafe frame[1] == 0x46 else {
      throw .signature
    }
    guard unsafe frame[2] == UInt8(version), unsafe frame[3] == 0 else {
      throw .version(unsafe Int(frame[2]))
    }
    guard frame.count <= maximalBytes else { throw .field("envelope length") }
    let expected = unsafe UInt32(littleEndianBytes: frame[4..<8])
    let body = unsafe UnsafeRawBufferPointer(rebasing: frame[preamble...])
    let checksum = unsafe CRC32C.checksum(payload, from: CRC32C.checksum(body))
    guard checksum == expected else { throw .checksum }
    do {
      return unsafe try Schema(serializedBytes: Data(body))
    } catch {
      throw .schema
    }
  }
}

/// The generated message; named so that `Envelope` is ours.
typealias Schema = Progfed_V1_Envelope
