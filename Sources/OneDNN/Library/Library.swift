import COneDNN

/// The oneDNN library that this process runs with.
///
/// Written for the 2.x C API, in which a primitive is described by an operation descriptor; Debian 12
/// ships 2.6.3. The 3.x API has no operation descriptors: a port touches the files of the primitives.
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
