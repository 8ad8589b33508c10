package agena.interop;

import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;

/** Sets properties that Java reserves for its own client. */
final class MessageAccess extends MessageAccessor {
    private MessageAccess() {
    }

    static void put(Message message, String name, String value) {
        putProperty(message, name, value);
    }
}
