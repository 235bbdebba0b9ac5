import COneDNN

/// Calls into oneDNN and throws unless the status is success; `operation` is only built on failure.
@inline(__always)
func check(
  _ operation: @autoclosure () -> String, _ call: () -> dnnl_status_t
) throws(DNNLError) {
  let status = call()
  guard status == dnnl_success else { throw DNNLError(status, during: operation()) }
}
