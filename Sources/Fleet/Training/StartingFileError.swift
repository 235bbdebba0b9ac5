package import Models
package import Tensors

/// Why a run can't start from a file.
package enum StartingFileError: Error, Hashable, Sendable {
  /// Nothing lies there.
  case missing(path: String)
  /// The system refused to open or read it.
  case unreadable(path: String, reason: String)
  /// It is what torch.save writes.
  case archive(path: String)
  /// It holds more than the model's tensors can take, in bytes.
  case tooLarge(path: String, limit: Int, model: String)
  /// It isn't a safetensors file.
  case format(path: String, SafeTensorsError)
  /// Its tensors aren't the model's.
  case tensors(path: String, StartingModelError)
}

extension StartingFileError: CustomStringConvertible {
  /// Which file, what is wrong, and what to do.
  package var description: String {
    switch self {
    case .missing(let path):
      "\(path): the model to start from isn't there; check --from or model.from"
    case .unreadable(let path, let reason):
      "\(path): can't be read: \(reason); check its permissions, and that it is a file"
    case .archive(let path):
      "\(path): is a zip archive, as torch.save writes it; in Python, write it with "
        + "safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")"
    case .tooLarge(let path, let limit, let model):
      "\(path): holds more than the \(limit) bytes that \(model)'s tensors can take; "
        + "choose the model and the options that it was made with"
    case .format(let path, let error): "\(path): \(error)"
    case .tensors(let path, let error): "\(path): \(error)"
    }
  }
}
