import COneDNN

/// A failed call into oneDNN.
public struct DNNLError: Error, Hashable, Sendable {
  /// The status that the library returned; 0 never appears here.
  public let status: UInt32
  /// What was being done: "convolution forward 20×1×28×28".
  public let operation: String

  init(_ status: dnnl_status_t, during operation: String) {
    self.status = status.rawValue
    self.operation = operation
  }
}

extension DNNLError {
  /// Whether there wasn't memory enough.
  package var isOutOfMemory: Bool { dnnl_status_t(status) == dnnl_out_of_memory }
}

extension DNNLError: CustomStringConvertible {
  /// What failed, why, and what to do about it.
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
