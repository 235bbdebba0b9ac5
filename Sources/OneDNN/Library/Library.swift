import COneDNN

/// The oneDNN library that this process runs with.
///
/// Written for the 2.x C API, in which a primitive is described by an operation descriptor; Debian
/// 12 ships 2.6.3. The 3.x API has no operation descriptors: a port touches the files of the
/// primitives.
public enum Library {
  /// The version as "2.6.3".
  public static var version: String {
    guard let version = dnnl_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }

  /// Makes the calling thread compute alone, without a team of OpenMP threads.
  ///
  /// The setting is the thread's own, so whoever trains calls it on its thread before anything is
  /// compiled or run: a primitive remembers the number of threads that it was made for.
  public static func useOneThread() {
    guard omp_get_max_threads() != 1 else { return }
    omp_set_num_threads(1)
  }
}

/// The processor as a device to compute on; thread-safe.
package final class Engine: Sendable {
  // SAFETY: an engine is immutable after its creation, and oneDNN allows its use by many threads.
  nonisolated(unsafe) let handle: dnnl_engine_t

  /// The first processor.
  package init() throws(DNNLError) {
    var handle: dnnl_engine_t?
    try check("opening the CPU engine") { dnnl_engine_create(&handle, dnnl_cpu, 0) }
    guard let handle else { throw DNNLError(dnnl_runtime_error, during: "opening the CPU engine") }
    self.handle = handle
  }

  deinit { dnnl_engine_destroy(handle) }
}

/// An in-order queue of computations on an engine; one thread's own.
package final class Stream {
  let handle: dnnl_stream_t
  private let engine: Engine

  /// A queue on `engine`; on the processor each computation is done when its call returns.
  package init(on engine: Engine) throws(DNNLError) {
    var handle: dnnl_stream_t?
    try check("creating a stream") {
      dnnl_stream_create(&handle, engine.handle, UInt32(dnnl_stream_in_order.rawValue))
    }
    guard let handle else { throw DNNLError(dnnl_runtime_error, during: "creating a stream") }
    self.handle = handle
    self.engine = engine
  }

  deinit { dnnl_stream_destroy(handle) }
}

/// A failed call into oneDNN.
public struct DNNLError: Error, Hashable, Sendable {
  /// The status that the library returned; 0 never appears here.
  public let status: UInt32
  /// The operation under way: "convolution forward 20×1×28×28".
  public let operation: String

  init(_ status: dnnl_status_t, during operation: String) {
    self.status = status.rawValue
    self.operation = operation
  }
}

extension DNNLError {
  /// True if there wasn't memory enough.
  package var isOutOfMemory: Bool { dnnl_status_t(status) == dnnl_out_of_memory }
}

extension DNNLError: CustomStringConvertible {
  /// The operation that failed, the reason, and the remedy.
  public var description: String {
    "oneDNN could not do \(operation): \(reason)"
  }

  private var reason: String {
    switch dnnl_status_t(status) {
    case dnnl_out_of_memory: "out of memory; use a smaller batch or fewer threads"
    case dnnl_invalid_arguments: "its arguments are invalid (a bug here; please report it)"
    case dnnl_unimplemented:
      "not implemented for these shapes on this processor; choose another model or batch"
    case dnnl_runtime_error: "a run-time error inside the library; try again, with fewer threads"
    case let other: "status \(other.rawValue)"
    }
  }
}

/// Calls into oneDNN and throws unless the status is success; `operation` is only built on failure.
@inline(__always)
func check(
  _ operation: @autoclosure () -> String, _ call: () -> dnnl_status_t
) throws(DNNLError) {
  let status = call()
  guard status == dnnl_success else { throw DNNLError(status, during: operation()) }
}
