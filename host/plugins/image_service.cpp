#include "host/plugins/image_service.h"

#include "host/agent/image.h"

namespace tenon::plugins {

void add_image_service(Services& services) {
    services.add("result.image/1", {}, [](const ServiceRequest& request) {
        if (request.call == nullptr)
            return ServiceReply::failed(
                "an image belongs to the result of a call; none is under way", TENON_UNSUPPORTED);
        auto image = agent::make_image(request.body);
        if (!image) return ServiceReply::failed(image.error().message, TENON_BAD_ARGS);
        const std::string media_type = image->media_type;
        if (!request.call->add_image(std::move(*image)))
            return ServiceReply::failed("the result has too many images, or too large ones");
        return ServiceReply::ok({{"media_type", media_type}});
    });
}

}  // namespace tenon::plugins
