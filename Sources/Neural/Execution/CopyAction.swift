import OneDNN

/// Copies a tensor to another of the same layout.
struct CopyAction: Action {
  let source: Region
  let target: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: both regions are kept alive by self and are of the same length.
    unsafe target.address.copyMemory(from: source.address, byteCount: source.byteCount)
  }
}
