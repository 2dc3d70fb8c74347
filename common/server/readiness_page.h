#ifndef COMMON_SERVER_READINESS_PAGE_H_
#define COMMON_SERVER_READINESS_PAGE_H_

#include <vector>

#include "common/server/admin_server.h"
#include "common/server/readiness.h"

namespace critac::server {

// `/readyz`: 200 where every service is ready, 503 where one is not. The body is JSON, and says of
// each service whether it is ready, and where it is not, the code and the reason:
//
//   {"ready":false,"services":[{"name":"intake","ready":true},
//    {"name":"matching","ready":false,"code":"UNAVAILABLE","reason":"…"}]}
AdminPage ReadinessPage(const std::vector<Readiness::Answer>& answers);

}  // namespace critac::server

#endif  // COMMON_SERVER_READINESS_PAGE_H_
