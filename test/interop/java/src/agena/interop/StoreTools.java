package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.io.File;
import java.lang.reflect.Method;
import java.util.Map;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.queue.ConsumeQueueStore;

/** Opens store folders with Apache RocketMQ's own store. */
final class StoreTools {
    private DefaultMessageStore held;

    /** `root` and `settings`: opens, reads everything, closes. */
    Object read(JSONObject request) throws Exception {
        MessageStoreConfig config = config(request);
        Map<String, Object> checkpoint = StoreReport.checkpoint(new File(request.getString("root")));
        DefaultMessageStore store = Stores.open(config);
        try {
            Map<String, Object> report = new StoreReport(store).toMap();
            report.put("checkpoint", checkpoint);
            return report;
        } finally {
            store.shutdown();
        }
    }

    /** `root` and `settings`: opens and keeps open. Answers `failure` when Java refuses. */
    Object open(JSONObject request) {
        try {
            held = Stores.open(config(request));
            return Map.of();
        } catch (Exception refusal) {
            return Map.of("failure", String.valueOf(refusal));
        }
    }

    /** `count` more messages into the store that is open. */
    Object put(JSONObject request) throws Exception {
        MessageMaker maker = MessageMaker.ofIpv4();
        for (int at = 0; at < request.getIntValue("count"); at++) {
            if (!held.putMessage(maker.single(request.getString("topic"), 0)).isOk()) {
                throw new IllegalStateException("the store refused a message");
            }
        }
        return null;
    }

    /** Deletes what is too old, as the store does by itself every few seconds, a minute after its start. */
    Object clean(JSONObject request) throws Exception {
        held.executeDeleteFilesManually();
        runPrivate(DefaultMessageStore.class, held, "cleanFilesPeriodically");
        runPrivate(ConsumeQueueStore.class, held.getQueueStore(), "cleanQueueFilesPeriodically");
        return null;
    }

    private static void runPrivate(Class<?> owner, Object target, String name) throws Exception {
        Method method = owner.getDeclaredMethod(name);
        method.setAccessible(true);
        method.invoke(target);
    }

    Object close(JSONObject request) {
        held.shutdown();
        held = null;
        return null;
    }

    private static MessageStoreConfig config(JSONObject request) {
        MessageStoreConfig config = Stores.smallConfig(new File(request.getString("root")));
        JSONObject settings = request.getJSONObject("settings");
        config.setMappedFileSizeCommitLog(settings.getIntValue("mappedFileSizeCommitLog"));
        config.setMappedFileSizeConsumeQueue(settings.getIntValue("mappedFileSizeConsumeQueue"));
        config.setMaxHashSlotNum(settings.getIntValue("maxHashSlotNum"));
        config.setMaxIndexNum(settings.getIntValue("maxIndexNum"));
        return config;
    }
}
